import { describe, expect, test } from "bun:test";
import { milliseconds } from "../core/units.ts";
import { greedyPeers } from "./greedy-peers.ts";
import { startLine, stepLine } from "./line.ts";
import type { LineState } from "./line-state.ts";
import { probing } from "./probing.ts";
import type { LineSample } from "./sample.ts";

const TICK_MS = 25;

/** What becomes of what is asked for at a time, as parts of it; all of it when absent. */
type Fate = (at: number) => { readonly leaves?: number; readonly arrives?: number };

/** A line in use at a round trip, with nothing else on it, for so long. */
function used(
  rtt: number,
  duration: number,
  fate: Fate = () => ({}),
): { line: LineState; sample: LineSample } {
  let line = startLine(0, 20e6);
  let sent = 0;
  let acknowledged = 0;
  const onTheWay = Array.from({ length: Math.ceil(rtt / TICK_MS) }, () => 0);
  let sample: LineSample = { at: milliseconds(0), delays: [] };
  for (let at = TICK_MS; at <= duration; at += TICK_MS) {
    const { leaves = 1, arrives = leaves } = fate(at);
    sent += (leaves * line.rate * TICK_MS) / 8000;
    onTheWay.push((arrives * line.rate * TICK_MS) / 8000);
    acknowledged += onTheWay.shift() ?? 0;
    sample = {
      at: milliseconds(at),
      delays: [{ target: "reflector-0", sentAt: milliseconds(at - rtt), rtt: milliseconds(rtt) }],
      peers: greedyPeers(sent, { acknowledged }),
    };
    line = stepLine(line, sample, { ceiling: Number.POSITIVE_INFINITY });
  }
  return { line, sample };
}

describe("when to probe, and when to look", () => {
  test("nobody is there: every 60 ms, and the next probes leave with the look", () => {
    const { line, sample } = used(20, 3500);
    const { probeEvery, lookAfter, lookAgain, train } = probing(line, true, sample);
    expect(probeEvery).toBe(milliseconds(60));
    expect(lookAfter).toBe(probeEvery);
    expect(lookAgain).toBe(false);
    expect(train).toBe(0);
  });

  test("and far away twice as often, for his first packets are known of late enough", () => {
    for (const rtt of [40, 50, 80, 150]) {
      const { line, sample } = used(rtt, 3500);
      // Also while somebody has been there of late.
      for (const activity of [0, 0.4]) {
        const { probeEvery } = probing({ ...line, activity }, true, sample);
        expect(probeEvery).toBeGreaterThanOrEqual(24);
        expect(probeEvery).toBeLessThanOrEqual(42);
      }
    }
  });

  test("where somebody has just been the look is just after the answers", () => {
    const { line, sample } = used(20, 3500);
    const { probeEvery, lookAfter } = probing({ ...line, activity: 0.2 }, true, sample);
    expect(probeEvery).toBe(milliseconds(50));
    expect(lookAfter).toBeGreaterThan(20 + 5);
    expect(lookAfter).toBeLessThan(20 + 15);
  });

  for (const rtt of [5, 20, 33, 50, 80, 150]) {
    test(`at ${rtt} ms the answers come some milliseconds before the next probes leave`, () => {
      for (const duration of [900, 6000]) {
        const { line, sample } = used(rtt, duration);
        const { probeEvery, lookAfter } = probing(line, true, sample);
        expect(lookAfter).toBeLessThanOrEqual(probeEvery);
        expect(probeEvery).toBeGreaterThanOrEqual(20);
        expect(probeEvery).toBeLessThanOrEqual(70);
        const slack = (lookAfter - rtt + 10 * probeEvery) % probeEvery;
        expect(slack).toBeGreaterThan(4);
      }
    });
  }

  test("an answer that is late but not lost is looked for again in a moment", () => {
    const { line, sample } = used(20, 6000);
    const late = (by: number) =>
      probing(line, true, { ...sample, unanswered: milliseconds(sample.at - 20 - by) }).lookAgain;
    expect([-15, 0, 8, 20, 300].map(late)).toEqual([false, false, true, true, false]);
  });

  test("what has just been unusual is looked at twice as often", () => {
    const { line, sample } = used(20, 6000);
    const { probeEvery } = probing({ ...line, unusualAt: sample.at }, true, sample);
    expect(probeEvery).toBeLessThanOrEqual(35);
  });

  test("where nobody is, half a second of calm is enough; where somebody was, it is not", () => {
    const { line, sample } = used(20, 3500);
    const own = { ...line, unusualAt: sample.at - 600 };
    expect(probing(own, true, sample).calm).toBe(true);
    expect(probing({ ...own, activity: 0.2 }, true, sample).calm).toBe(false);
  });

  test("less that arrives is unusual, unless less left as between two turns of the peers", () => {
    const gap = (at: number) => at >= 3300;
    const before = used(20, 3200);
    expect(probing(before.line, true, before.sample).calm).toBe(true);
    const turns = used(20, 3400, (at) => (gap(at) ? { leaves: 0.5 } : {}));
    expect(probing(turns.line, true, turns.sample).calm).toBe(true);
    const kept = used(20, 3400, (at) => (gap(at) ? { arrives: 0.5 } : {}));
    expect(probing(kept.line, true, kept.sample).calm).toBe(false);
  });

  test("while nothing may be shared, or nobody asks, twice a second", () => {
    const { line, sample } = used(20, 6000);
    expect(probing(line, false, sample).probeEvery).toBe(milliseconds(500));
    const later = { ...sample, at: milliseconds(sample.at + 5000) };
    const { probeEvery, lookAfter } = probing(line, true, later);
    expect(probeEvery).toBe(milliseconds(500));
    // An answer is only worth something while it is new.
    expect(lookAfter).toBeLessThan(20 + 15);
  });
});
