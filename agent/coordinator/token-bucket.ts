import type { Milliseconds } from "../core/units.ts";

export interface BucketLimit {
  /** What may come at once. */
  readonly burst: number;
  readonly perSecond: number;
}

interface Bucket {
  left: number;
  at: number;
}

/**
 * Token buckets by name. Memory is bounded: when too many names are known the longest unused are
 * forgotten, which gives them a full bucket again but nobody else's.
 */
export class TokenBuckets {
  readonly #limit: BucketLimit;
  readonly #maxNames: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(limit: BucketLimit, maxNames = 100_000) {
    this.#limit = limit;
    this.#maxNames = maxNames;
  }

  /** Takes so many tokens of a name's bucket, or none and false when they are not there. */
  take(name: string, now: Milliseconds, amount = 1): boolean {
    const bucket = this.#buckets.get(name) ?? { left: this.#limit.burst, at: now };
    const refill = (Math.max(0, now - bucket.at) / 1000) * this.#limit.perSecond;
    const left = Math.min(this.#limit.burst, bucket.left + refill);
    const granted = left >= amount;
    this.#buckets.delete(name);
    this.#buckets.set(name, { left: granted ? left - amount : left, at: now });
    const [oldest] = this.#buckets.size > this.#maxNames ? this.#buckets.keys() : [];
    if (oldest !== undefined) this.#buckets.delete(oldest);
    return granted;
  }
}
