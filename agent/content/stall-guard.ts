import type { Clock } from "../core/clock.ts";
import { type Milliseconds, milliseconds, seconds } from "../core/units.ts";

/** No byte for so long means that the box or its line is gone. */
const STALL = seconds(3);

/** Aborts a request when no byte came for STALL, or when the outer signal aborts. */
export class StallGuard {
  readonly #clock: Clock;
  readonly #outer: AbortSignal;
  readonly #request = new AbortController();
  readonly #watching = new AbortController();
  readonly #stop = () => this.#request.abort();
  #fed: Milliseconds;
  #paused = false;
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

  feed(): void {
    this.#paused = false;
    this.#fed = this.#clock.monotonicMs();
  }

  /** While the receiving side is busy the box is not to blame. */
  pause(): void {
    this.#paused = true;
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
