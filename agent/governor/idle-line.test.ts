/** A line that nobody asks for is looked at twice a second, and nothing is learned of it. */
import { expect, test } from "bun:test";
import { bytes, milliseconds } from "../core/units.ts";
import { startLine, stepLine } from "./line.ts";
import type { LineState } from "./line-state.ts";

const BUSY_MS = 25;
const IDLE_MS = 500;

/** Ticks of an unqueued line on which peers take all that they are given, or nothing. */
function lineWith(capacity?: number) {
  let state = startLine(0, capacity);
  let at = 0;
  let acknowledged = 0;
  const tick = (step: number, demand: boolean): LineState => {
    at += step;
    if (demand) acknowledged += (state.rate * step) / 8000;
    const peers = {
      acknowledged: bytes(acknowledged),
      sent: bytes(acknowledged),
      retransmitted: 0,
      marked: 0,
      busy: demand ? 1 : 0,
      inFlight: bytes(0),
      waiting: bytes(demand ? 1e6 : 0),
    };
    const reply = { sentAt: milliseconds(at - 20), rtt: milliseconds(20) };
    const delays = [{ target: "reflector-0", ...reply }];
    const sample = { at: milliseconds(at), delays, peers };
    state = stepLine(state, sample, { ceiling: Number.POSITIVE_INFINITY });
    return state;
  };
  return (duration: number, step: number): LineState => {
    for (let left = duration; left > 0; left -= step) tick(step, step === BUSY_MS);
    return state;
  };
}

test("while it is being found, an idle hour finds nothing more", () => {
  const run = lineWith();
  const found = run(2_000, BUSY_MS);
  expect(found.phase.kind).toBe("discover");
  expect(run(3_600_000, IDLE_MS).rate).toBe(found.rate);
});

test("once it is known, an idle hour makes it no faster", () => {
  const run = lineWith(20e6);
  expect(run(4_000, BUSY_MS).phase.kind).toBe("hold");
  const { rate, available } = run(3_600_000, IDLE_MS);
  expect(available).toBe(20e6);
  expect(rate).toBeLessThan(20e6);
});
