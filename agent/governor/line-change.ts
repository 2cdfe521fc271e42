/**
 * The line law about changes of the line itself. A queue that probes see is one queue for all, and
 * through it a train of packets passes together: it tells the rate of the line, whoever uses it. So a
 * fall is told from somebody who comes.
 */
import type { DelayState } from "./delay.ts";
import { mostAsked, mostDelivered } from "./delivery.ts";
import { toHold, UNDER_WAY_MS } from "./line-moves.ts";
import { START } from "./line-packets.ts";
import type { Carried, LineState } from "./line-state.ts";
import type { View } from "./line-view.ts";

/** How long it is remembered that the line changed, and what counts as a change. */
export const CHANGES_MS = 60_000;
export const DIFFERENT = 1.15;
/** A line that was found as it was is believed to be so for this long. */
const SAME_MS = 2000;
/** A train that reads less than this part of what was sent just before has met a slower line. */
const SLOWER = 0.88;
/** With less than this nobody's two or three packets in between explain it. */
const FAR_SLOWER = 0.7;
const ASKED_MS = 500;
/** Of the path's noise, between its first packet and its last; our own segments make some of that noise. */
const STRETCH = 1.2;
const STRETCH_MS = 0.3;
const OWN_JITTER = 0.8;
const SEEN_MS = 250;
/** Arrivals of a moment are only so exact. */
const CONTRADICTED = 1.3;
/** A probe that left so shortly before a train met the same queue. */
const NEAR_MS = 60;
/** A second train comes within this, or speaks of something else. */
export const REPEATED_MS = 400;
/** What a train told is taken back when one so soon after it says what was known before. */
const MISTAKEN_MS = 1500;
/** What arrives while a queue stands may say more than a train, but no more than this. */
const BEYOND_TRAIN = 1.25;

/** Milliseconds by which packets wait by chance, without what our own segments make of it. */
export const noiseOf = ({ jitter }: DelayState) => Math.max(0, jitter - OWN_JITTER);

function carried({ delay }: LineState, { at, train }: View): Carried | undefined {
  if (train?.rate === undefined) return undefined;
  const { rate, spread = 0 } = train;
  // Where packets wait by chance, the train may have been stretched by that and by nothing else.
  const stretch = STRETCH_MS + STRETCH * noiseOf(delay);
  const most = (rate * spread) / Math.max(0.1 * spread, spread - stretch);
  return { at, least: rate, most };
}

type Bounds = Pick<Carried, "least" | "most">;

const differ = (a: Bounds, b: Bounds) =>
  a.most * DIFFERENT < b.least || a.least > b.most * DIFFERENT;

/** Through an empty queue somebody's packets come between those of a train, and it tells too little. */
function metQueue({ delay }: LineState, { train, knee }: View): boolean {
  const left = train?.sentAt ?? 0;
  const before = delay.queue.findLast(({ sentAt }) => sentAt <= left);
  return before !== undefined && left - before.sentAt < NEAR_MS && before.queue > knee;
}

/**
 * A machine that stands still behind the line pushes a train together, and one on the way pulls it apart:
 * then more arrived since a queue was first seen. What more there is on a line, creeping finds.
 */
function isByChance(state: LineState, view: View, { least, most }: Carried): boolean {
  const { delay, delivery, capacity = 0 } = state;
  if (least > DIFFERENT * Math.max(capacity, askedOfLate(state, view))) return true;
  const seen = delay.queue.find(({ at, queue }) => at >= view.at - SEEN_MS && queue > view.knee);
  if (!seen) return false;
  return mostDelivered(delivery, seen.at, Math.max(18, 8 * view.mtu)) > CONTRADICTED * most;
}

/** What a train told that passed the queue by which the line was found. */
export function learnFirst(state: LineState, view: View): LineState {
  const now = carried(state, view);
  return now && !isByChance(state, view, now) ? { ...state, carried: now } : state;
}

/** One that met no queue is only believed when a second one says the same. */
export const isToBeRepeated = ({ hint, trainAt }: LineState, since: number): boolean =>
  hint !== undefined && hint.at >= since && trainAt < hint.at;

/** Keeps what a train told that passed a queue, and when the line turned out to carry something else than before. */
export function learnChanges(state: LineState, view: View): LineState {
  const now = carried(state, view);
  const { kind } = state.phase;
  if (!now || (kind !== "look" && kind !== "settle" && kind !== "track")) return state;
  // Much of ours came between its packets, and all of that arrived: the line carries at least as much.
  if (kind === "settle" && view.passes) return state;
  if (kind !== "track" && isByChance(state, view, now)) return state;
  const { hint } = state;
  const again = hint !== undefined && view.at - hint.at < REPEATED_MS && !differ(hint, now);
  const asked = askedOfLate(state, view);
  const known = Math.max(state.available ?? 0, asked);
  // Of a line that has changed within a minute less is believed sooner.
  const still = state.changes.length === 0;
  const inBetween = still && now.most < SLOWER * known && now.most > FAR_SLOWER * known;
  const surely = metQueue(state, view) && !inBetween;
  if (!again && !surely) return { ...state, hint: now };
  const before: Carried = state.carried ?? { at: 0, least: asked, most: Number.POSITIVE_INFINITY };
  if (differ(now, before)) {
    const { instead } = before;
    const only = state.changes.length === 1 && view.at - before.at < MISTAKEN_MS;
    if (only && instead && !differ(now, instead)) {
      const capacity = Math.max(state.capacity ?? 0, Math.min(now.least, instead.least));
      return { ...state, carried: now, capacity, changes: [] };
    }
    const changed = { ...now, instead: { least: before.least, most: before.most } };
    return { ...state, carried: changed, changes: [...state.changes, view.at] };
  }
  // It was somebody: not to be asked again at each of his pages.
  return { ...state, carried: now, askAgainAt: view.at + SAME_MS };
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
  const now = state.carried;
  if (now?.at !== view.at || (view.train?.sentAt ?? 0) < since - UNDER_WAY_MS) return undefined;
  // One late answer is a halt of somebody's; and where there is no queue for all, a train tells what is left.
  const seen = state.delay.queue.filter(
    ({ at, queue }) => at >= since - SEEN_MS && queue > view.knee,
  );
  if (seen.length < 2) return undefined;
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
  // Slightly less, for both that it comes from are only so exact.
  const free = Math.max(START, 0.98 * rate);
  const known: LineState = {
    ...state,
    available: free,
    capacity: free,
    foundByQueue: true,
    changes: state.changes.at(-1) === view.at ? state.changes : [...state.changes, view.at],
    activity: Math.max(0, state.activity - 1),
    pushes: state.pushes.slice(0, -1),
    knees: [],
    rate: 0.4 * free,
    shortSince: view.at,
    // The sign that told of it was not somebody's, so the next one is no second one.
    duckedAt: Number.NEGATIVE_INFINITY,
  };
  const changing = toHold(known, view);
  return changing.phase.kind === "track"
    ? changing
    : { ...known, phase: { kind: "drain", since: view.at } };
}
