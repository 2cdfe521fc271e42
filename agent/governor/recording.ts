/**
 * Records what the governor saw on a box, and replays it through the same decision. A recording
 * names places by number and holds no address, so a household can hand it out.
 */
import { type Milliseconds, milliseconds } from "../core/units.ts";
import { type Decision, decide, type Now, type Samples, startGovernor } from "./decide.ts";
import type { Policy } from "./policy.ts";
import { startVolume } from "./volume.ts";

/** One tick: what `decide` got, and the rate that it gave then. */
export interface RecordedTick {
  readonly now: Now;
  readonly samples: Samples;
  /** Bits per second; 0 while held. */
  readonly rate: number;
  /** In the first tick: when the run had begun, on the same clock as `now.monotonic`. */
  readonly startedAt?: Milliseconds;
}

const rateOf = ({ verdict }: Decision) => (verdict.state === "sharing" ? verdict.rate : 0);

/** A `record` option for the governor that writes one line of JSON a tick. */
export const recordTo = (write: (line: string) => void) => {
  let begun = false;
  return (samples: Samples, _policy: Policy, now: Now, decision: Decision) => {
    const startedAt = milliseconds(decision.state.line.startedAt);
    const rate = Math.round(rateOf(decision));
    const tick: RecordedTick = { now, samples, rate, ...(!begun && { startedAt }) };
    begun = true;
    write(JSON.stringify(tick, shortNumbers));
  };
};

/** Microseconds and bits are as fine as anything here is measured. */
const shortNumbers = (_key: string, value: unknown) =>
  typeof value === "number" ? Math.round(value * 1000) / 1000 : value;

/** Lines that `recordTo` wrote; a last line that was cut off is left out. */
export function parseRecording(text: string): readonly RecordedTick[] {
  return text.split("\n").flatMap((line): RecordedTick[] => {
    if (!line.endsWith("}")) return [];
    const tick: RecordedTick = JSON.parse(line);
    return [tick];
  });
}

/** What the law of today decides on samples of then, tick by tick. */
export function* replay(ticks: readonly RecordedTick[], policy: Policy): Generator<Decision> {
  const first = ticks[0];
  if (!first) return;
  const { wall, monotonic } = first.now;
  const begun = { ...first.now, monotonic: first.startedAt ?? monotonic };
  let state = startGovernor(startVolume(wall, begun.monotonic), begun);
  for (const { samples, now } of ticks) {
    const decision = decide(samples, policy, state, now);
    state = decision.state;
    yield decision;
  }
}
