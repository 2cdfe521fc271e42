import type { Clock } from "../core/clock.ts";
import { type BitsPerSecond, bytes, milliseconds } from "../core/units.ts";

/** A response that is read slowly makes its sender slow: TCP's window does the rest. */
export type Pace = (amount: number, signal: AbortSignal) => Promise<void>;

/** Waits so that on average no more than the rate is asked for, and nothing at all while not allowed. */
export function createFillPace(rate: BitsPerSecond, allowed: () => boolean, clock: Clock): Pace {
  let freeAt = clock.monotonicMs();
  return async (amount, signal) => {
    while (!allowed() && !signal.aborted) await clock.sleep(milliseconds(250), signal);
    const now = clock.monotonicMs();
    const start = Math.max(now, freeAt);
    freeAt = milliseconds(start + (bytes(amount) * 8000) / Math.max(1, rate));
    if (start > now) await clock.sleep(milliseconds(start - now), signal);
  };
}
