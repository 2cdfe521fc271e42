/**
 * When the journal goes to flash. What a power cut may take is bounded by 8 MiB of proven bytes or
 * 5 s of traffic, whichever is more, always. What flash has to bear is bounded by a budget of bytes
 * a day: while the broker keeps the tail little is at risk, and without it no tickets are taken on
 * once the budget is used up.
 */
import { type Bytes, type Milliseconds, mebibytes, seconds } from "../core/units.ts";

export interface CommitLimits {
  /** Proven bytes that may be at risk before a commit is due… */
  readonly atRisk: Bytes;
  /** …unless everything was safe more recently than this. */
  readonly soonest: Milliseconds;
  /** Anything waiting is committed after this long, however little it is… */
  readonly latest: Milliseconds;
  /** …or this, while the broker keeps it as well. */
  readonly latestKept: Milliseconds;
  /** Bytes the journal may write to flash in a day. */
  readonly budget: Bytes;
}

export const defaultLimits: CommitLimits = {
  atRisk: mebibytes(8),
  soonest: seconds(5),
  latest: seconds(120),
  latestKept: seconds(300),
  budget: 50_000_000 as Bytes,
};

export interface Waiting {
  /** Proven bytes that are neither on flash nor kept by the broker. */
  readonly atRisk: Bytes;
  /** Since the oldest thing that waits was noted; undefined when nothing waits. */
  readonly age: Milliseconds | undefined;
  /** Since all that there was went to flash or to the broker. */
  readonly sinceSafe: Milliseconds;
  /** Is a broker there that keeps what is at risk? */
  readonly hasKeeper: boolean;
}

export function commitIsDue(waiting: Waiting, limits: CommitLimits): boolean {
  const { atRisk, age, sinceSafe, hasKeeper } = waiting;
  if (age === undefined) return false;
  if (age >= (hasKeeper ? limits.latestKept : limits.latest)) return true;
  return atRisk >= limits.atRisk && sinceSafe >= limits.soonest;
}

const DAY_MS = 86_400_000;
/** Of the day's budget, what may be saved up for a busy evening; the rest comes in evenly. */
const RESERVE = 0.2;

/** A day's budget as a bucket: no 24 hours take more than the budget, however they begin. */
export class WriteBudget {
  readonly #perDay: Bytes;
  #allowance: number;
  #at: Milliseconds;

  constructor(perDay: Bytes, now: Milliseconds) {
    this.#perDay = perDay;
    this.#allowance = RESERVE * perDay;
    this.#at = now;
  }

  /** Below 0 when it is overdrawn. */
  allowance(now: Milliseconds): Bytes {
    const earned = ((now - this.#at) * this.#perDay * (1 - RESERVE)) / DAY_MS;
    this.#allowance = Math.min(RESERVE * this.#perDay, this.#allowance + earned);
    this.#at = now;
    return this.#allowance as Bytes;
  }

  spend(amount: Bytes): void {
    this.#allowance -= amount;
  }
}
