import { describe, expect, test } from "bun:test";
import { milliseconds } from "../core/units.ts";
import { baseRtt, noDelays, type OwnDoing, observeDelays, queueQuantile } from "./delay.ts";
import type { DelaySample } from "./sample.ts";

const ms = milliseconds;
const reply = (target: string, at: number, rtt: number, outward?: number): DelaySample => ({
  target,
  sentAt: ms(at - rtt),
  rtt: ms(rtt),
  ...(outward !== undefined && { outward: ms(outward) }),
});
const newest = (...ticks: readonly (readonly [number, readonly DelaySample[]])[]) =>
  ticks.reduce((state, [at, replies]) => observeDelays(state, replies, at), noDelays(0));

describe("queueing delay", () => {
  test("is what a place answers above its own least", () => {
    const state = newest([100, [reply("a", 100, 20)]], [125, [reply("a", 125, 33)]]);
    expect(state.queue.at(-1)?.queue).toBe(13);
    expect(baseRtt(state)).toBe(20);
  });
  test("a near place that has gone silent is not waited for", () => {
    const near = [0, 100].map((at) => [at + 20, [reply("near", at + 20, 20)]] as const);
    const far = [0, 100, 2600].map((at) => [at + 60, [reply("far", at + 60, 60)]] as const);
    expect(baseRtt(newest(...near, ...far.slice(0, 2)))).toBe(20);
    expect(baseRtt(newest(...near, ...far))).toBe(60);
  });
  test("counts only when every place that answered of late shows it", () => {
    const state = newest(
      [100, [reply("a", 100, 20), reply("b", 100, 50)]],
      [125, [reply("a", 125, 60), reply("b", 125, 51)]],
    );
    expect(state.queue.at(-1)?.queue).toBe(1);
  });
  test("on the way back is none of ours where the reflector tells the ways apart", () => {
    const state = newest([100, [reply("a", 100, 20, 10)]], [200, [reply("a", 200, 90, 11)]]);
    expect(state.queue.at(-1)).toMatchObject({ queue: 1, back: 69 });
  });
  test("a reflector's clock that runs away cannot make a queue", () => {
    const state = newest([100, [reply("a", 100, 20, 10)]], [200, [reply("a", 200, 21, 400)]]);
    expect(state.queue.at(-1)?.queue).toBe(1);
  });
  test("the minimum is forgotten after a minute", () => {
    let state = newest([100, [reply("a", 100, 20)]]);
    for (let at = 1000; at < 80_000; at += 1000)
      state = observeDelays(state, [reply("a", at, 50)], at);
    expect(state.queue.at(-1)?.queue).toBe(0);
  });
  test("quantiles are over the window asked for", () => {
    const state = newest([100, [reply("a", 100, 20)]], [600, [reply("a", 600, 30)]]);
    expect(queueQuantile(state, 600, 300, 0.5)).toBe(10);
    expect(queueQuantile(state, 600, 300, 0)).toBe(10);
    expect(queueQuantile(state, 2000, 300, 0.5)).toBeUndefined();
  });

  describe("noise of the path", () => {
    const swinging = (most: number, doing: OwnDoing, least = 0) => {
      let state = noDelays(0);
      for (let at = 50; at <= 10_000; at += 50) {
        const queue = (at / 50) % 2 === 0 ? least : most;
        // The base is known: one answer without any queue.
        state = observeDelays(state, [reply("a", at, at === 50 ? 20 : 20 + queue)], at, doing);
      }
      return state.jitter;
    };
    test("is learned from what swings while we take little", () => {
      expect(swinging(6, {})).toBeGreaterThan(4);
    });
    test("is not what a line swings by that we fill ourselves", () => {
      expect(swinging(6, { loaded: true })).toBeLessThanOrEqual(0.5);
    });
    test("is not what a queue swings by that never goes", () => {
      expect(swinging(10, {}, 4)).toBeLessThan(1.5);
    });
  });
});
