/**
 * What the box measured while it served, second by second: the processor's idle part and the queue
 * on the line. A record says what they were over its own period (docs/protocol.md).
 */

import { type Milliseconds, milliseconds, seconds } from "../core/units.ts";
import type { DelayState } from "../governor/delay.ts";
import type { Figures } from "../journal/journal.ts";

/** The longest that a ticket lives, so the longest period of a record. */
const KEPT = seconds(2 * 3600);
const SLOTS = KEPT / 1000;
/** Milliseconds of queue beyond this say no more. */
const MOST_DELAY = 60_000;

export interface Measured {
  /** Busy part of all cores, 0 to 1; absent when the kernel did not tell. */
  readonly busy?: number | undefined;
  /** Added delay on the way out; absent when nothing was heard. */
  readonly delay?: Milliseconds | undefined;
}

/** What was heard of the line within the last second, if anything. */
export function newestDelay({ queue }: DelayState, at: Milliseconds): Milliseconds | undefined {
  const newest = queue.at(-1);
  return newest && at - newest.at < 1000 ? milliseconds(newest.queue) : undefined;
}

/** A second in which nothing was measured. */
const NOTHING = 0xffff;

/** Of each second the newest values stand; 28 KB whatever comes. */
export class PeriodFigures {
  readonly #idle = new Uint16Array(SLOTS).fill(NOTHING);
  readonly #delay = new Uint16Array(SLOTS).fill(NOTHING);
  #newest = 0;

  /** `at` is on the monotonic clock and never falls. */
  note(at: Milliseconds, { busy, delay }: Measured): void {
    const second = Math.floor(at / 1000);
    for (let gone = Math.max(this.#newest + 1, second - SLOTS + 1); gone <= second; gone++) {
      this.#idle[gone % SLOTS] = NOTHING;
      this.#delay[gone % SLOTS] = NOTHING;
    }
    this.#newest = second;
    if (busy !== undefined) this.#idle[second % SLOTS] = Math.round(1000 * (1 - busy));
    if (delay !== undefined && delay >= 0)
      this.#delay[second % SLOTS] = Math.min(MOST_DELAY, Math.round(delay));
  }

  /** Over the time from `since` until now; what was not measured in it is absent. */
  over(since: Milliseconds): Figures {
    const idle = this.#known(this.#idle, since);
    const delays = this.#known(this.#delay, since);
    const sum = idle.reduce((all, each) => all + each, 0);
    return {
      ...(idle.length > 0 && { cpuIdlePermille: Math.round(sum / idle.length) }),
      ...(delays.length > 0 && { lineDelayMs: median(delays) }),
    };
  }

  #known(slots: Uint16Array, since: Milliseconds): number[] {
    const first = Math.max(Math.floor(since / 1000), this.#newest - SLOTS + 1, 0);
    const known: number[] = [];
    for (let second = first; second <= this.#newest; second++) {
      const value = slots[second % SLOTS] ?? NOTHING;
      if (value !== NOTHING) known.push(value);
    }
    return known;
  }
}

function median(values: readonly number[]): Milliseconds {
  const sorted = values.toSorted((a, b) => a - b);
  return milliseconds(sorted[Math.floor((sorted.length - 1) / 2)] ?? 0);
}
