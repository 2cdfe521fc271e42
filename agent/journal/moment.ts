/** When something happened, on both clocks, in the form records carry. */
import type { ClockQuality } from "../accounting/messages.ts";
import type { Clock } from "../core/clock.ts";
import { type Milliseconds, type UnixSeconds, unixSeconds } from "../core/units.ts";

export interface Moment {
  readonly monotonic: Milliseconds;
  readonly wall: UnixSeconds;
  readonly quality: ClockQuality;
}

/** The last second that a message's 32 bits can say (2106). */
const LAST_SECOND = 0xffff_ffff;

/** A wall clock outside what messages can say is pinned to their range and not trusted. */
export function momentOf(clock: Clock, quality: ClockQuality): Moment {
  const wall = Math.floor(clock.wallMs() / 1000);
  const pinned = Math.min(Math.max(0, wall), LAST_SECOND);
  return {
    monotonic: clock.monotonicMs(),
    wall: unixSeconds(pinned),
    quality: pinned === wall ? quality : "untrusted",
  };
}
