import type { Clock } from "./clock.ts";
import { type Milliseconds, milliseconds } from "./units.ts";

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** A clock that tests move by hand. Work that is ready is settled before and after each step. */
export class FakeClock implements Clock {
  #wall: number;
  #monotonic = 0;
  #sleepers: Sleeper[] = [];

  constructor(wall = 1_767_225_600_000) {
    this.#wall = wall;
  }

  wallMs(): Milliseconds {
    return milliseconds(this.#wall);
  }

  monotonicMs(): Milliseconds {
    return milliseconds(this.#monotonic);
  }

  sleep(duration: Milliseconds, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper = { at: this.#monotonic + Math.max(0, duration), wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener("abort", () => this.#wake(sleeper), { once: true });
    });
  }

  /** Moves both clocks forward, waking sleepers in order. */
  async advance(duration: number): Promise<void> {
    const end = this.#monotonic + duration;
    await settle();
    for (;;) {
      const next = this.#sleepers.filter((s) => s.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#move(next.at);
      this.#wake(next);
      await settle();
    }
    this.#move(end);
    await settle();
  }

  /** Sets the wall clock alone, as NTP or a household would. */
  jumpWall(to: number): void {
    this.#wall = to;
  }

  #move(to: number): void {
    this.#wall += to - this.#monotonic;
    this.#monotonic = to;
  }

  #wake(sleeper: Sleeper): void {
    this.#sleepers = this.#sleepers.filter((s) => s !== sleeper);
    sleeper.wake();
  }
}

/** Lets promise chains that are ready run to their next wait. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
