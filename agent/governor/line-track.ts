/**
 * The line law when it is the line that changes. A queue that probes see is one queue for all, and
 * through it a train of packets passes together: it tells the rate of the line, whoever uses it. So a
 * fall is told from somebody who comes, and a line that falls again and again, as radio does, is followed.
 */
import { mostAsked } from "./delivery.ts";
import { floorOf, push, toHold, UNDER_WAY_MS } from "./line-moves.ts";
import type { LineState, Track } from "./line-state.ts";
import { START, type View } from "./line-view.ts";

/** How long it is remembered that the line changed, and what counts as a change. */
export const CHANGES_MS = 60_000;
const DIFFERENT = 1.15;
/** A train that reads less than this part of what was sent just before has met a slower line. */
const SLOWER = 0.88;
const ASKED_MS = 500;
/** Of the path's noise, between its first packet and its last; our own segments make some of that noise. */
const STRETCH = 2.5;
const OWN_JITTER = 0.8;
/** What arrives while a queue stands may say more than a train, but no more than this. */
const BEYOND_TRAIN = 1.25;
/** Queue to follow by above the usual, milliseconds and packets, and the time in which more than that is to be gone. */
const AIM_MS = 1;
const AIM_PACKETS = 2;
/** Of what the line carried a tick ago. */
const FASTEST_FALL = 0.94;
const DRAIN_MS = 60;
/** Part of what arrives that is kept at the least while a queue of ours drains. */
const LEAST = 0.35;
/** Growth of a tick when there is no queue at all, and back to what was seen. */
const GROWTH = 0.032;
const BACK = 1.1;
const BELOW_SEEN = 0.92;
const NEAR_SEEN = 0.018;
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

/** What the last train told: bits per second that the line carried at the least and at the most. */
export interface Carried {
  readonly least: number;
  readonly most: number;
}

function carried({ delay }: LineState, { train }: View): Carried | undefined {
  if (train?.rate === undefined) return undefined;
  const { rate, spread = 0 } = train;
  // Where packets wait by chance, the train may have been stretched by that and by nothing else.
  const stretch = STRETCH * Math.max(0.2, delay.jitter - OWN_JITTER);
  const most = (rate * spread) / Math.max(0.1 * spread, spread - stretch);
  return { least: rate, most };
}

/** Keeps what a train told that passed a queue, and when the line turned out to carry something else than before. */
export function learnChanges(state: LineState, view: View): LineState {
  const now = carried(state, view);
  const { kind } = state.phase;
  if (!now || (kind !== "look" && kind !== "settle" && kind !== "track")) return state;
  const asked = askedOfLate(state, view);
  const before = state.carried ?? { least: asked, most: Number.POSITIVE_INFINITY };
  const changed = now.most * DIFFERENT < before.least || now.least > before.most * DIFFERENT;
  return { ...state, carried: now, changes: changed ? [...state.changes, view.at] : state.changes };
}

/**
 * What the line carries now, by the train that left since a queue was seen; undefined when as much as before.
 *
 * @param arrived bits per second that arrived while the queue stood: some of ours between its packets make
 *   a train too slow.
 */
export function rateOfSlowerLine(
  state: LineState,
  view: View,
  since: number,
  arrived: number,
): number | undefined {
  const now = carried(state, view);
  if (!now || (view.train?.sentAt ?? 0) < since - UNDER_WAY_MS) return undefined;
  const rate = Math.max(now.most, Math.min(arrived, BEYOND_TRAIN * now.least));
  const known = Math.max(state.available ?? 0, askedOfLate(state, view));
  return rate < SLOWER * known ? rate : undefined;
}

/** What was sent before the line last changed is no measure any more. */
function askedOfLate({ delivery, changes }: LineState, { at, rtt }: View): number {
  const sinceChange = at - (changes.at(-1) ?? Number.NEGATIVE_INFINITY);
  return mostAsked(delivery, at, Math.min(sinceChange, ASKED_MS + rtt));
}

/** Nobody came: takes the new rate for the line's, and waits only until our own queue is gone. */
export function followFall(state: LineState, view: View, rate: number): LineState {
  const free = Math.max(START, rate);
  const known: LineState = {
    ...state,
    available: free,
    capacity: free,
    changes: state.changes.at(-1) === view.at ? state.changes : [...state.changes, view.at],
    activity: Math.max(0, state.activity - 1),
    pushes: state.pushes.slice(0, -1),
    rate: 0.4 * free,
    shortSince: view.at,
  };
  const changing = toHold(known, view);
  return changing.phase.kind === "track"
    ? changing
    : { ...known, phase: { kind: "drain", since: view.at } };
}

/** Keeps a short queue: only with one is it seen at once what the line carries. */
export function track(state: LineState, view: View, phase: Track): LineState {
  const longSince = view.newest > view.high ? (phase.longSince ?? view.at) : undefined;
  const lasts = view.at - (longSince ?? view.at);
  const surely = view.silent || view.newest > SURELY_MS || lasts > 3 * LONG_MS;
  if (surely || (lasts > LONG_MS && isShared(view, longSince ?? view.at))) return push(state, view);
  const over = view.newest - state.usual - AIM_MS - AIM_PACKETS * view.mtu;
  // As it drains less arrives, because less is sent: the line itself does not fall that fast.
  const seen = over > 0 ? Math.max(view.delivered, FASTEST_FALL * phase.seen) : phase.seen;
  const rate = over > 0 ? drainQueue(state, over, seen) : grow(state, view, over, seen);
  const { since } = phase;
  const span = over > 0 ? widen(phase.span, seen) : phase.span;
  const asks = longSince !== undefined && view.at - state.trainAt > LONG_MS;
  const free = Math.max(rate, view.delivered);
  const next: LineState = {
    ...state,
    rate,
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
function grow({ rate }: LineState, view: View, over: number, seen: number): number {
  if (!view.keepsUp) return rate;
  const short = Math.min(1, -over / AIM_MS);
  if (rate < BELOW_SEEN * seen) return Math.min(BELOW_SEEN * seen, rate * BACK);
  return rate * (1 + (rate < ABOVE_SEEN * seen ? NEAR_SEEN : GROWTH) * short);
}

const widen = ({ since, least, most }: Track["span"], seen: number) => ({
  since,
  least: Math.min(least, seen),
  most: Math.max(most, seen),
});
