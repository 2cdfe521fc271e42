import type { Clock } from "./clock.ts";
import { type Milliseconds, milliseconds } from "./units.ts";

/** setTimeout takes a signed 32-bit number of milliseconds and fires at once beyond it. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Who sleeps until a signal: listening to it once for all of them, for a loop that adds and removes a listener at
 * each turn pays more for that than for its timer.
 */
const sleepers = new WeakMap<AbortSignal, Set<() => void>>();

/** The machine's clock. Only composition roots import this. */
export const systemClock: Clock = {
  wallMs: () => milliseconds(Date.now()),
  monotonicMs: () => milliseconds(performance.now()),
  sleep: (duration: Milliseconds, signal?: AbortSignal) =>
    new Promise<void>((resolve) => {
      if (signal?.aborted) return resolve();
      const timer = setTimeout(
        () => {
          if (signal) leave(signal, wake);
          resolve();
        },
        Math.min(Math.max(0, duration), LONGEST_TIMER_MS),
      );
      const wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (signal) join(signal, wake);
    }),
};

function join(signal: AbortSignal, wake: () => void): void {
  const others = sleepers.get(signal);
  if (others) {
    others.add(wake);
    return;
  }
  sleepers.set(signal, new Set([wake]));
  signal.addEventListener("abort", wakeAll, { once: true });
}

/** The last one takes the listener along, or it would keep alive signals that nobody waits for any more. */
function leave(signal: AbortSignal, wake: () => void): void {
  const others = sleepers.get(signal);
  others?.delete(wake);
  if (others?.size !== 0) return;
  sleepers.delete(signal);
  signal.removeEventListener("abort", wakeAll);
}

function wakeAll(this: AbortSignal): void {
  const all = sleepers.get(this);
  sleepers.delete(this);
  for (const wake of all ?? []) wake();
}
