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
/** `running` responses are under way, of viewers who ask for nothing more unless they are named. */
const at = (
  nowMs: number,
  running: number,
  verdict = sharing(2),
  holders: readonly string[] = [],
): Situation => ({
  nowMs,
  streams: { fewerThan: (most) => running < most, has: (viewer) => holders.includes(viewer) },
  verdict,
  kernelPaces: true,
});
const bid = (viewer: string, bytes = MIB) => ({ viewer, bytes });
/** All that may start while so many run, of which those that start are more. */
function startedBy(queue: Admission<string>, nowMs: number, running: number, verdict?: Verdict) {
  const started: string[] = [];
  for (;;) {
    const place = queue.next(at(nowMs, running + started.length, verdict));
    if (!place) return started;
    started.push(place.token);
  }
}
const tokens = (places: readonly { readonly token: string }[]) =>
  places.map((place) => place.token);

test("as many start as the governor allows, the next ones wait and follow in turn", () => {
  const queue = new Admission<string>();
  expect(queue.offer(bid("a"), "1", at(0, 0)).kind).toBe("start");
  expect(queue.offer(bid("b"), "2", at(0, 1)).kind).toBe("start");
  expect(queue.offer(bid("c"), "3", at(0, 2)).kind).toBe("wait");
  expect(startedBy(queue, 10, 2)).toEqual([]);
  expect(startedBy(queue, 20, 1)).toEqual(["3"]);
  expect(queue.waiting).toBe(0);
});

test("nobody overtakes those that wait, even when there is room", () => {
  const queue = new Admission<string>();
  queue.offer(bid("a"), "1", at(0, 2));
  expect(queue.offer(bid("b"), "2", at(1, 0)).kind).toBe("wait");
  expect(startedBy(queue, 1, 0)).toEqual(["1", "2"]);
});

test("a viewer that asks eight times as often gets no more than the others", () => {
  const queue = new Admission<string>();
  const served = new Map<string, number>();
  const wish = (viewer: string) => queue.offer(bid(viewer), viewer, at(0, 1, sharing(1)));
  for (let turn = 0; turn < 300; turn++) {
    for (let ask = 0; ask < 8; ask++) wish("greedy");
    wish("modest");
    wish("shy");
    for (const token of startedBy(queue, 0, 0, sharing(1))) {
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
    const place = queue.next(at(0, 0, sharing(1)));
    if (place) served[place.token as "small" | "large"] += place.bid.bytes;
  }
  expect(served.small / served.large).toBeCloseTo(1, 1);
});

test("a newcomer is served next, not after all that others got before it", () => {
  const queue = new Admission<string>();
  for (let turn = 0; turn < 50; turn++) queue.offer(bid("old"), "old", at(turn, 0));
  queue.offer(bid("old"), "old", at(60, 2));
  queue.offer(bid("new"), "new", at(60, 2));
  expect(startedBy(queue, 61, 1)).toEqual(["new"]);
});

test("the queue is bounded in all and per viewer, and says when to come again", () => {
  const queue = new Admission<string>({
    ...defaultAdmissionLimits,
    waiting: 10,
    waitingPerViewer: 1,
  });
  const answers = Array.from({ length: 3 }, (_, i) => queue.offer(bid("a"), `${i}`, at(0, 2)));
  expect(answers.map((offer) => offer.kind)).toEqual(["wait", "refuse", "refuse"]);
  expect(answers[2]).toMatchObject({ status: 429, code: "too-many-requests" });
  for (let viewer = 0; viewer < 9; viewer++) queue.offer(bid(`v${viewer}`), "x", at(0, 2));
  // Ten requests of 1 MiB at 20 Mbit/s take 4.2 s.
  const turned = queue.offer(bid("late"), "x", at(0, 2));
  expect(turned).toMatchObject({ status: 503, code: "busy", retryAfterS: 5 });
});

test("a full queue makes room for a viewer with fewer places, at the cost of who has the most", () => {
  const queue = new Admission<string>({ ...defaultAdmissionLimits, waiting: 4 });
  for (const name of ["1", "2", "3"]) queue.offer(bid("greedy"), name, at(0, 2));
  queue.offer(bid("modest"), "4", at(0, 2));
  const offer = queue.offer(bid("new"), "5", at(0, 2));
  expect(offer).toMatchObject({
    kind: "wait",
    displaced: { token: "3", answer: { code: "busy" } },
  });
  expect(queue.waiting).toBe(4);
  expect(queue.offer(bid("new"), "6", at(0, 2))).toMatchObject({ kind: "refuse", code: "busy" });
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

test("slow readers that hold all streams starve nobody: one more starts at a time", () => {
  const queue = new Admission<string>();
  queue.offer(bid("slow"), "slow", at(0, 0));
  for (const name of ["1", "2", "3"]) queue.offer(bid(name), name, at(0, 2));
  expect(startedBy(queue, 3_999, 2)).toEqual([]);
  expect(startedBy(queue, 4_000, 2)).toEqual(["1"]);
  expect(startedBy(queue, 7_999, 3)).toEqual([]);
  expect(startedBy(queue, 8_000, 3)).toEqual(["2"]);
  expect(startedBy(queue, 60_000, 32)).toEqual([]);
});

test("beyond twice as many only for viewers that have none, however often the others ask", () => {
  const queue = new Admission<string>();
  queue.offer(bid("slow"), "slow", at(0, 4));
  const stuck = (nowMs: number) => at(nowMs, 4, sharing(2), ["slow"]);
  expect(queue.next(stuck(10_000))).toBeUndefined();
  queue.offer(bid("other"), "other", stuck(10_001));
  expect(queue.next(stuck(10_002))?.token).toBe("other");
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
    if (queue.next(unpaced(ms))) started++;
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
