import type { Milliseconds } from "./units.ts";

/**
 * The only source of time. Intervals use the monotonic clock, which never jumps; wall time goes
 * into records and quiet hours, and may be wrong by years.
 */
export interface Clock {
  /** Milliseconds since 1970 as the system believes; may jump either way. */
  wallMs(): Milliseconds;
  /** Milliseconds since an arbitrary start; never goes back, does not jump with the wall clock. */
  monotonicMs(): Milliseconds;
  /** Resolves after the duration, or at once when the signal aborts; never rejects. */
  sleep(duration: Milliseconds, signal?: AbortSignal): Promise<void>;
}
