import { expect, test } from "bun:test";
import { bitsPerSecond } from "../core/units.ts";
import type { Verdict } from "../governor/verdict.ts";
import { Admission, defaultAdmissionLimits, type Situation } from "./admission.ts";

const MIB = 1024 * 1024;
const sharing = (maxStreams: number, rate = 20e6): Verdict => ({
  state: "sharing",
  rate: bitsPerSecond(rate),
  maxStreams,
  reason: "line-idle",
});
const at = (nowMs: number, running: number, verdict = sharing(2)): Situation => ({
  nowMs,
  running,
  verdict,
  kernelPaces: true,
});
const bid = (viewer: string, bytes = MIB) => ({ viewer, bytes });
const tokens = (places: readonly { readonly token: string }[]) =>
  places.map((place) => place.token);

test("as many start as the governor allows, the next ones wait and follow in turn", () => {
  const queue = new Admission<string>();
  expect(queue.offer(bid("a"), "1", at(0, 0)).kind).toBe("start");
  expect(queue.offer(bid("b"), "2", at(0, 1)).kind).toBe("start");
  expect(queue.offer(bid("c"), "3", at(0, 2)).kind).toBe("wait");
  expect(queue.next(at(10, 2))).toEqual([]);
  expect(tokens(queue.next(at(20, 1)))).toEqual(["3"]);
  expect(queue.waiting).toBe(0);
});

test("nobody overtakes those that wait, even when there is room", () => {
  const queue = new Admission<string>();
  queue.offer(bid("a"), "1", at(0, 2));
  expect(queue.offer(bid("b"), "2", at(1, 0)).kind).toBe("wait");
  expect(tokens(queue.next(at(1, 0)))).toEqual(["1", "2"]);
});

test("a viewer that asks eight times as often gets no more than the others", () => {
  const queue = new Admission<string>();
  const served = new Map<string, number>();
  const wish = (viewer: string) => queue.offer(bid(viewer), viewer, at(0, 1, sharing(1)));
  for (let turn = 0; turn < 300; turn++) {
    for (let ask = 0; ask < 8; ask++) wish("greedy");
    wish("modest");
    wish("shy");
    for (const { token } of queue.next(at(0, 0, sharing(1)))) {
      served.set(token, (served.get(token) ?? 0) + 1);
    }
  }
  const counts = [...served.values()];
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
});

test("fairness counts bytes, not requests", () => {
  const queue = new Admission<string>();
  const served = { small: 0, large: 0 };
  for (let turn = 0; turn < 400; turn++) {
    queue.offer(bid("small", MIB / 4), "small", at(0, 1, sharing(1)));
    queue.offer(bid("large", MIB), "large", at(0, 1, sharing(1)));
    const [place] = queue.next(at(0, 0, sharing(1)));
    if (place) served[place.token as "small" | "large"] += place.bid.bytes;
  }
  expect(served.small / served.large).toBeCloseTo(1, 1);
});

test("a newcomer is served next, not after all that others got before it", () => {
  const queue = new Admission<string>();
  for (let turn = 0; turn < 50; turn++) queue.offer(bid("old"), "old", at(turn, 0));
  queue.offer(bid("old"), "old", at(60, 2));
  queue.offer(bid("new"), "new", at(60, 2));
  expect(tokens(queue.next(at(61, 1)))).toEqual(["new"]);
});

test("the queue is bounded in all and per viewer, and says when to come again", () => {
  const queue = new Admission<string>({
    ...defaultAdmissionLimits,
    waiting: 10,
    waitingPerViewer: 3,
  });
  const answers = Array.from({ length: 5 }, (_, i) => queue.offer(bid("a"), `${i}`, at(0, 2)));
  expect(answers.map((offer) => offer.kind)).toEqual(["wait", "wait", "wait", "refuse", "refuse"]);
  expect(answers[4]).toMatchObject({ status: 429, code: "too-many-requests" });
  for (let viewer = 0; viewer < 7; viewer++) queue.offer(bid(`v${viewer}`), "x", at(0, 2));
  // Ten requests of 1 MiB at 20 Mbit/s take 4.2 s.
  const turned = queue.offer(bid("late"), "x", at(0, 2));
  expect(turned).toMatchObject({ status: 503, code: "busy", retryAfterS: 5 });
});

test("who waits too long is sent away, and all are when sharing ends", () => {
  const queue = new Admission<string>();
  queue.offer(bid("a"), "early", at(0, 2));
  queue.offer(bid("b"), "late", at(10_000, 2));
  expect(tokens(queue.expired(at(15_000, 2)))).toEqual(["early"]);
  const held: Verdict = { state: "held", reason: "playback" };
  expect(queue.expired(at(15_001, 0, held))).toEqual([
    expect.objectContaining({
      token: "late",
      answer: expect.objectContaining({ status: 503, code: "not-sharing", retryAfterS: 10 }),
    }),
  ]);
  expect(queue.offer(bid("a"), "x", at(15_002, 0, held))).toMatchObject({
    kind: "refuse",
    status: 503,
  });
});

test("slow readers that hold all streams starve nobody: one more starts at a time, up to twice as many", () => {
  const queue = new Admission<string>();
  queue.offer(bid("slow"), "slow", at(0, 0));
  for (const name of ["1", "2", "3"]) queue.offer(bid(name), name, at(0, 2));
  expect(queue.next(at(3_999, 2))).toEqual([]);
  expect(tokens(queue.next(at(4_000, 2)))).toEqual(["1"]);
  expect(queue.next(at(7_999, 3))).toEqual([]);
  expect(tokens(queue.next(at(8_000, 3)))).toEqual(["2"]);
  expect(queue.next(at(60_000, 4))).toEqual([]);
});

test("where the kernel does not pace, starts are spread so that the mean rate holds", () => {
  const queue = new Admission<string>();
  const unpaced = (nowMs: number) => ({
    ...at(nowMs, 0, sharing(64, 8 * MIB)),
    kernelPaces: false,
  });
  let started = 0;
  for (let ms = 0; ms < 20_000; ms += 5) {
    const offer = queue.offer(bid("a"), "x", unpaced(ms));
    if (offer.kind === "start") started++;
    started += queue.next(unpaced(ms)).length;
  }
  // 8 Mibit/s carry one request of 1 MiB a second.
  expect(started).toBeGreaterThanOrEqual(20);
  expect(started).toBeLessThanOrEqual(21);
});

test("memory of viewers is bounded", () => {
  const queue = new Admission<string>();
  for (let viewer = 0; viewer < 10_000; viewer++)
    queue.offer(bid(`v${viewer}`), "x", at(viewer, 0));
  expect(queue.remembered).toBeLessThanOrEqual(4 * defaultAdmissionLimits.waiting + 1);
});
