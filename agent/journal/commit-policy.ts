/**
 * When the journal goes to flash. What a power cut may take is bounded by 8 MiB of proven bytes or
 * 5 s of traffic, whichever is more; what flash has to bear by a budget of bytes a day.
 */
import { type Bytes, type Milliseconds, mebibytes, seconds } from "../core/units.ts";

export interface CommitLimits {
  /** Proven bytes that may be at risk before a commit is due… */
  readonly atRisk: Bytes;
  /** …unless the last commit is younger than this. */
  readonly soonest: Milliseconds;
  /** Anything waiting is committed after this long, however little it is. */
  readonly latest: Milliseconds;
  /** What a commit waits for at most once the day's budget is used up. */
  readonly stretched: Milliseconds;
  /** Bytes the journal may write to flash in a day. */
  readonly budget: Bytes;
}

export const defaultLimits: CommitLimits = {
  atRisk: mebibytes(8),
  soonest: seconds(5),
  latest: seconds(120),
  stretched: seconds(30),
  budget: 50_000_000 as Bytes,
};

export interface Waiting {
  /** Proven bytes that are not durable yet. */
  readonly atRisk: Bytes;
  /** Since the oldest thing that waits was noted; undefined when nothing waits. */
  readonly age: Milliseconds | undefined;
  readonly sinceCommit: Milliseconds;
  /** Bytes left in the budget now; below 0 when it is overdrawn. */
  readonly allowance: Bytes;
}

export function commitIsDue(waiting: Waiting, limits: CommitLimits): boolean {
  const { atRisk, age, sinceCommit, allowance } = waiting;
  if (age === undefined) return false;
  if (age >= limits.latest) return true;
  const soonest = allowance > 0 ? limits.soonest : limits.stretched;
  return atRisk >= limits.atRisk && sinceCommit >= soonest;
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
