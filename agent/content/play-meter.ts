/**
 * How much of a title reached a player, in media time: distinct seconds, so that a second fetch of
 * the same segment, or a switch between qualities, counts once. Makes the plays creators are paid for.
 */
import type { Clock } from "../core/clock.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";

/** A part of the playing time that a stretch of a file carries. */
export interface MediaSpan {
  readonly start: number;
  readonly seconds: number;
}

/** One thing that is played: the whole of a video, or one track of an album. */
export class PlayMeter {
  /** Wall time of the start, for the record; how long it plays is told by the monotonic clock. */
  readonly startedWall: Milliseconds;
  readonly #started: Milliseconds;
  readonly #duration: number;
  readonly #seconds = new Set<number>();

  constructor(durationSeconds: number, clock: Clock) {
    this.#duration = durationSeconds;
    this.startedWall = clock.wallMs();
    this.#started = clock.monotonicMs();
  }

  /** Media that was handed to the player whole. */
  delivered(span: MediaSpan): void {
    const end = Math.min(this.#duration, span.start + span.seconds);
    // A second counts when its middle was delivered, so that neighbours never count it twice.
    for (let second = Math.ceil(span.start - 0.5); second + 0.5 < end; second++)
      if (second >= 0) this.#seconds.add(second);
  }

  get played(): Milliseconds {
    return milliseconds(Math.min(this.#seconds.size, this.#duration) * 1000);
  }

  /** What can have been played by now: players buffer ahead, and time tells what they really played. */
  playedBy(now: Milliseconds): Milliseconds {
    return milliseconds(Math.min(this.played, now - this.#started));
  }

  /** All of it, but for what players leave out at the very end. */
  get complete(): boolean {
    return this.#seconds.size >= Math.floor(this.#duration * 0.95);
  }
}
