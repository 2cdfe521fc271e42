/** Whether more went out than was allowed, from counters. Pure; the caller keeps the samples. */
import {
  type BitsPerSecond,
  type Bytes,
  bytes,
  bytesIn,
  type Milliseconds,
  milliseconds,
  rateOf,
} from "../core/units.ts";

export interface CountedSample {
  readonly at: Milliseconds;
  /** Cumulative bytes to peers. */
  readonly sent: Bytes;
  /** Highest rate that was allowed since the sample before. */
  readonly allowed: BitsPerSecond;
}

export interface Breach {
  readonly sent: Bytes;
  readonly allowed: Bytes;
  readonly window: Milliseconds;
}

const WINDOW = milliseconds(10_000);
/** Headroom of the net above paced sockets, and rounding. */
const TOLERANCE = 1.1;
/** Already in the kernel's queue when a rate falls. */
const IN_FLIGHT = 256 * 1024;

/** The samples of the last window with one more; a counter that fell starts a new series. */
export function withSample(
  samples: readonly CountedSample[],
  sample: CountedSample,
): readonly CountedSample[] {
  const last = samples.at(-1);
  if (last && sample.sent < last.sent) return [sample];
  // the newest sample outside the window stays, or a slow sampler would have no span to judge
  const start = samples.findLastIndex(({ at }) => at <= sample.at - WINDOW);
  return [...samples.slice(Math.max(0, start)), sample];
}

/** Rate of the series; undefined until it spans some time. */
export function measuredRate(samples: readonly CountedSample[]): BitsPerSecond | undefined {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || last.at <= first.at) return undefined;
  return rateOf(bytes(last.sent - first.sent), milliseconds(last.at - first.at));
}

export function findBreach(samples: readonly CountedSample[]): Breach | undefined {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last) return undefined;
  const sent = bytes(last.sent - first.sent);
  let allowed = 0;
  for (const [index, sample] of samples.entries()) {
    const before = samples[index - 1];
    if (before) allowed += bytesIn(sample.allowed, milliseconds(sample.at - before.at));
  }
  if (sent <= allowed * TOLERANCE + IN_FLIGHT) return undefined;
  return { sent, allowed: bytes(allowed), window: milliseconds(last.at - first.at) };
}
