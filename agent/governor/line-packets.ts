/** How long packets take on the line. */
import type { LineState } from "./line-state.ts";

/** Bits per second to begin with, on a line of which nothing is known. */
export const START = 500_000;

/** Milliseconds from which a packet takes so long that few of ours are a queue: 4 Mbit/s. */
export const SLOW_MTU = 3;

export type Carrying = Pick<LineState, "capacity" | "rate">;

/** Milliseconds that a full packet takes on the line. */
export const mtuTime = (state: Carrying) => 12e6 / Math.max(state.capacity ?? state.rate, START);

/** What our own segments may wait for one another; none of it is noise of the path. */
export const burstOf = (state: LineState) =>
  state.capacity === undefined ? 0 : 2.5 * mtuTime(state);
