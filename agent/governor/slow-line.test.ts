/** Where a segment takes many milliseconds what is nothing elsewhere is a queue: segments that meet, trains of ours. */
import { describe, expect, test } from "bun:test";
import { bitsPerSecond, bytes } from "../core/units.ts";
import { allocate, nothingBefore } from "./allocation.ts";
import { FluidLine } from "./fluid-line.ts";
import { target } from "./line-moves.ts";
import { oneFlow } from "./one-flow.ts";
import { TRAIN_PACKET } from "./probing.ts";

/** Trains that were asked for while a line was found and held, with the phase of each. */
function trainsOn(capacity: number) {
  const line = new FluidLine({ capacity });
  const trains: { phase: string; packets: number }[] = [];
  const tried = { steps: 0 };
  let before = "";
  line.until(({ decision, at }) => {
    const { kind } = decision.state.line.phase;
    if (decision.train > 0) trains.push({ phase: kind, packets: decision.train });
    if (before === "creep" && kind === "settle") tried.steps++;
    before = kind;
    return at > 60_000;
  }, 61_000);
  return { line, trains, tried };
}

describe("a slow line", () => {
  for (const capacity of [1e6, 2e6]) {
    test(`of ${capacity / 1e6} Mbit/s is asked by a train once, where it is found`, () => {
      const { line, trains, tried } = trainsOn(capacity);
      expect(trains.map(({ phase }) => phase)).toEqual(["drain"]);
      expect(tried.steps).toBeGreaterThan(2);
      expect(line.decision.state.line.carried?.most).toBeLessThan(1.1 * capacity);
    });

    test(`of ${capacity / 1e6} Mbit/s has short trains`, () => {
      const { trains } = trainsOn(capacity);
      expect(trains.length).toBeGreaterThan(0);
      for (const { packets } of trains) {
        expect(packets).toBe(5);
        expect((packets * TRAIN_PACKET * 1000) / capacity).toBeLessThan(50);
      }
    });
  }

  test("what arrived in bunches is not taken for more than the train read", () => {
    const line = new FluidLine({ capacity: 2e6 });
    line.until(({ decision }) => decision.state.line.phase.kind === "hold");
    const { available = 0, carried } = line.decision.state.line;
    expect(available).toBeLessThanOrEqual(carried?.most ?? 0);
  });

  for (const [capacity, part] of [
    [20e6, 0.01],
    [3e6, 0.03],
    [2e6, 0.03],
    [1e6, 0.03],
    [0.5e6, 0.06],
  ] as const) {
    test(`of ${capacity / 1e6} Mbit/s is left to who uses it, but for ${100 * part} %`, () => {
      const line = new FluidLine({ capacity });
      line.run(15_000);
      line.settings.family = 1e9;
      line.run(3000);
      const asked: number[] = [];
      line.until(({ rate }) => asked.push(rate) === 200);
      expect(Math.min(...asked)).toBeGreaterThan(0);
      expect(Math.max(...asked)).toBeLessThanOrEqual(1.1 * part * capacity);
    });
  }

  test("has 0.1 Mbit/s again once nobody sends, for TCP to follow when we come back", () => {
    const line = new FluidLine({ capacity: 2e6 });
    line.run(15_000);
    line.settings.family = 1e9;
    line.until(({ decision }) => decision.state.line.phase.kind === "yield");
    line.settings.family = 0;
    let most = 0;
    line.until(({ decision, rate }) => {
      const yields = decision.state.line.phase.kind === "yield";
      if (yields) most = Math.max(most, rate);
      return !yields;
    });
    expect(most).toBe(100_000);
  });

  test("leaves more of itself idle, for segments that have met to part again", () => {
    const part = (capacity: number) => {
      const { line } = trainsOn(capacity).line.decision.state;
      return target({ ...line, activity: 0 }) / (line.available ?? 0);
    };
    expect(part(20e6)).toBeCloseTo(0.955, 3);
    expect(part(5e6)).toBeCloseTo(0.955, 3);
    expect(part(2e6)).toBeLessThan(0.94);
    expect(part(1e6)).toBeLessThan(0.88);
    expect(part(1e6)).toBeGreaterThan(0.8);
  });

  test("is crept into from where it is held to what is known, at one step", () => {
    const line = new FluidLine({ capacity: 1e6 });
    line.until(({ decision }) => decision.state.line.phase.kind === "creep", 30_000);
    const { rate, available = 0 } = line.decision.state.line;
    expect(rate).toBeGreaterThan(0.98 * available);
  });

  test("has connections wait with a small part of it, however many they are", () => {
    for (const waiters of [1, 2, 7, 20]) {
      const ids = Array.from({ length: waiters + 1 }, (_, i) => `${i}`);
      const flows = ids.map((id) => oneFlow({ id, notSent: bytes(1e6), inFlight: 20 }));
      const rate = bitsPerSecond(2e6);
      const { rates, turns } = allocate(flows, rate, 1, 0, nothingBefore, "seldom");
      const waiting = [...turns].flatMap(([id, turn]) => (turn === "waits" ? [id] : []));
      const sum = waiting.reduce((all, id) => all + (rates.get(id) ?? 0), 0);
      expect(waiting.length).toBe(waiters);
      expect(sum).toBeLessThan(0.19 * rate);
    }
  });
});

test("nothing is asked of a line that has not been listened to", () => {
  const line = new FluidLine();
  expect(line.decision.train).toBe(0);
  line.until(({ decision }) => {
    const isFirst = decision.state.line.phase.kind === "listen";
    if (isFirst) expect(decision.train).toBe(0);
    return !isFirst;
  });
});
