/**
 * The line law where the line falls again and again, as radio does: it is followed with a short queue,
 * for only with one is it seen at once what the line carries.
 */
import { noiseOf } from "./line-change.ts";
import { floorOf, push, toHold } from "./line-moves.ts";
import type { LineState, Track } from "./line-state.ts";
import type { View } from "./line-view.ts";

/** Queue to follow by above the usual, in milliseconds, packets and parts of the path's noise, and the time in which more than that is to be gone. */
const AIM_MS = 1;
const AIM_PACKETS = 2;
const AIM_NOISE = 0.7;
/** Of what the line carried a tick ago. */
const FASTEST_FALL = 0.93;
const DRAIN_MS = 60;
/** Part of what arrives that is kept at the least while a queue of ours drains. */
const LEAST = 0.35;
/** Growth in the time of a tick when there is no queue at all, and back to what was seen. */
const TICK_MS = 25;
const GROWTH = 0.027;
const BACK = 1.1;
const BELOW_SEEN = 0.92;
const NEAR_SEEN = 0.02;
const ABOVE_SEEN = 1.04;
/** A queue of ours is gone after this; then it is asked whose it is. */
const LONG_MS = 250;
/** Longer than a fall of the line makes it before we follow. */
const SURELY_MS = 60;
/** Of what the line carries, if nobody else were there. */
const ALONE = 0.7;
/** The line stands still when what is seen of it stays within this for so long. */
const STILL = 1.2;
const STILL_MS = 10_000;

/** Less at once when the queue grows, more as fast as such a line may change while there is none. */
export function track(state: LineState, view: View, phase: Track): LineState {
  const longSince = view.newest > view.high ? (phase.longSince ?? view.at) : undefined;
  const lasts = view.at - (longSince ?? view.at);
  const surely = view.silent || view.newest > SURELY_MS || lasts > 3 * LONG_MS;
  if (surely || (lasts > LONG_MS && isShared(view, longSince ?? view.at))) return push(state, view);
  const over =
    view.newest - state.usual - AIM_MS - AIM_PACKETS * view.mtu - AIM_NOISE * noiseOf(state.delay);
  // As it drains less arrives, because less is sent: the line itself does not fall that fast.
  const ticks = Math.min(4, (view.at - state.rampedAt) / TICK_MS);
  const least = FASTEST_FALL ** ticks * phase.seen;
  const seen = over > 0 ? Math.max(view.delivered, least) : phase.seen;
  const rate = over > 0 ? drainQueue(state, over, seen) : grow(state, view, over, seen, ticks);
  const { since } = phase;
  const span = over > 0 ? widen(phase.span, seen) : phase.span;
  const asks = longSince !== undefined && view.at - state.trainAt > LONG_MS;
  const free = Math.max(rate, view.delivered);
  const next: LineState = {
    ...state,
    rate,
    rampedAt: view.at,
    available: free,
    capacity: free,
    phase: { kind: "track", since, span, seen, ...(longSince !== undefined && { longSince }) },
    trainAt: asks ? view.at : state.trainAt,
  };
  if (view.at - span.since < STILL_MS) return next;
  if (span.most > STILL * span.least) return toHold(next, view);
  // What it did before it stood still is of no use any more.
  return toHold({ ...next, available: Math.min(rate, span.least), changes: [] }, view);
}

/** Of the line, as a train tells it, much goes to others. */
const isShared = ({ train, delivered }: View, since: number) =>
  train?.rate !== undefined && train.sentAt >= since && delivered < ALONE * train.rate;

function drainQueue(state: LineState, over: number, seen: number): number {
  const part = Math.max(LEAST, 1 - over / DRAIN_MS);
  return Math.max(floorOf(state), Math.min(state.rate, part * seen));
}

/** Quickly to what the line carried a moment ago, gently past it, then as fast as it may change. */
function grow({ rate }: LineState, view: View, over: number, seen: number, ticks: number): number {
  if (!view.keepsUp) return rate;
  const short = ticks * Math.min(1, -over / AIM_MS);
  if (rate < BELOW_SEEN * seen) return Math.min(BELOW_SEEN * seen, rate * BACK ** ticks);
  return rate * (1 + (rate < ABOVE_SEEN * seen ? NEAR_SEEN : GROWTH) * short);
}

const widen = ({ since, least, most }: Track["span"], seen: number) => ({
  since,
  least: Math.min(least, seen),
  most: Math.max(most, seen),
});
