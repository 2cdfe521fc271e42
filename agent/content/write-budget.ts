import type { Clock } from "../core/clock.ts";
import { type Bytes, bytes, type Milliseconds } from "../core/units.ts";

/** A day; the budget refills evenly over it. */
const DAY_MS = 86_400_000;

export interface WriteBudgetState {
  readonly left: number;
  /** Wall time, for the refill over a restart. */
  readonly at: number;
  /** All bytes ever written, for the status page. */
  readonly written: number;
}

/**
 * Bytes that may still be written to flash: a bucket of one day's budget that refills by the
 * monotonic clock. Over a restart the wall clock says how long the box was off; however wrong it
 * is, never more than one day's budget is there.
 */
export class WriteBudget {
  readonly #daily: number;
  readonly #clock: Clock;
  #left: number;
  #written: number;
  #at: Milliseconds;

  constructor(daily: Bytes, clock: Clock, saved?: WriteBudgetState) {
    this.#daily = daily;
    this.#clock = clock;
    this.#at = clock.monotonicMs();
    this.#written = saved?.written ?? 0;
    this.#left = daily;
    if (saved && Number.isFinite(daily)) {
      const off = Math.min(DAY_MS, Math.max(0, clock.wallMs() - saved.at));
      this.#left = Math.min(daily, saved.left + (daily * off) / DAY_MS);
    }
  }

  /** Counts bytes written; bitmaps and manifests are written even when nothing is left. */
  charge(amount: number): void {
    this.#left -= amount;
    this.#written += amount;
  }

  get written(): Bytes {
    return bytes(this.#written);
  }

  get left(): Bytes {
    this.#refill();
    return bytes(Math.max(0, this.#left));
  }

  save(): WriteBudgetState {
    this.#refill();
    return {
      left: Number.isFinite(this.#left) ? this.#left : 0,
      at: this.#clock.wallMs(),
      written: this.#written,
    };
  }

  #refill(): void {
    const now = this.#clock.monotonicMs();
    if (Number.isFinite(this.#daily))
      this.#left = Math.min(this.#daily, this.#left + (this.#daily * (now - this.#at)) / DAY_MS);
    this.#at = now;
  }
}
