/** How long packets take on the line, and to the other end of it. */
import { baseRtt } from "./delay.ts";
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

/** Milliseconds there and back from which somebody's first packets are known of too late to be looked at twice. */
const FAR_MS = 35;

/**
 * Who begins to send has sent twice as much before the first of it is known of, and CUBIC leaves slow start as soon as
 * a round trip is an eighth longer (HyStart): whether he has the line in 0.2 s or in one is settled at his first sign.
 * On a slow line his first packets alone are as long as that.
 */
export const isFar = (state: Pick<LineState, "delay"> & Carrying) =>
  (baseRtt(state.delay) ?? 0) > FAR_MS && mtuTime(state) < SLOW_MTU;
