import type { Clock } from "./clock.ts";
import { type Milliseconds, milliseconds } from "./units.ts";

/** setTimeout takes a signed 32-bit number of milliseconds and fires at once beyond it. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's clock. Only composition roots import this. */
export const systemClock: Clock = {
  wallMs: () => milliseconds(Date.now()),
  monotonicMs: () => milliseconds(performance.now()),
  sleep: (duration: Milliseconds, signal?: AbortSignal) =>
    new Promise<void>((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(Math.max(0, duration), LONGEST_TIMER_MS));
      signal?.addEventListener("abort", done, { once: true });
    }),
};
