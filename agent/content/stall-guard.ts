import type { Clock } from "../core/clock.ts";
import { type Milliseconds, milliseconds, seconds } from "../core/units.ts";

/** Less than about a packet for so long means that the box or its line is gone, or drips to keep us. */
const STALL = seconds(3);
const LEAST_BYTES = 1024;

/** Aborts a request when fewer than LEAST_BYTES came for STALL, or when the outer signal aborts. */
export class StallGuard {
  readonly #clock: Clock;
  readonly #outer: AbortSignal;
  readonly #request = new AbortController();
  readonly #watching = new AbortController();
  readonly #stop = () => this.#request.abort();
  #fed: Milliseconds;
  #paused = false;
  /** Since `#fed`. */
  #came = 0;
  stalled = false;

  constructor(clock: Clock, outer: AbortSignal) {
    this.#clock = clock;
    this.#outer = outer;
    this.#fed = clock.monotonicMs();
    if (outer.aborted) this.#stop();
    else outer.addEventListener("abort", this.#stop, { once: true });
    void this.#watch();
  }

  get signal(): AbortSignal {
    return this.#request.signal;
  }

  /** Bytes came. */
  feed(amount: number): void {
    this.#came += amount;
    if (this.#came >= LEAST_BYTES) this.#restart();
  }

  /** While the receiving side is busy the box is not to blame. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#restart();
  }

  #restart(): void {
    this.#came = 0;
    this.#fed = this.#clock.monotonicMs();
  }

  end(): void {
    this.#outer.removeEventListener("abort", this.#stop);
    this.#watching.abort();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#watching;
    while (!signal.aborted) {
      const left = this.#paused ? STALL : this.#fed + STALL - this.#clock.monotonicMs();
      if (left <= 0) {
        this.stalled = true;
        this.#stop();
        return;
      }
      await this.#clock.sleep(milliseconds(left), signal);
    }
  }
}
