/**
 * Records what the governor saw on a box, and replays it through the same decision. A recording
 * names places by number and holds no address, so a household can hand it out.
 */
import { type Decision, decide, type Now, type Samples, startGovernor } from "./decide.ts";
import type { Policy } from "./policy.ts";
import { startVolume } from "./volume.ts";

/** One tick: what `decide` got, and the rate that it gave then. */
export interface RecordedTick {
  readonly now: Now;
  readonly samples: Samples;
  /** Bits per second; 0 while held. */
  readonly rate: number;
}

const rateOf = ({ verdict }: Decision) => (verdict.state === "sharing" ? verdict.rate : 0);

/** A `record` option for the governor that writes one line of JSON a tick. */
export const recordTo =
  (write: (line: string) => void) =>
  (samples: Samples, _policy: Policy, now: Now, decision: Decision) => {
    const tick: RecordedTick = { now, samples, rate: Math.round(rateOf(decision)) };
    write(JSON.stringify(tick, shortNumbers));
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
  let state = startGovernor(startVolume(wall, monotonic), first.now);
  for (const { samples, now } of ticks) {
    const decision = decide(samples, policy, state, now);
    state = decision.state;
    yield decision;
  }
}
