/** The line law before the line is known: listen, grow with real demand, drain the first queue. */
import { HISTORY_MS, queueQuantile } from "./delay.ts";
import { mostDelivered } from "./delivery.ts";
import { learnFirst } from "./line-change.ts";
import { push, resume, toSettle, toYield } from "./line-moves.ts";
import { mtuTime, START } from "./line-packets.ts";
import type { LineState, Phase } from "./line-state.ts";
import type { View } from "./line-view.ts";

export const RAMP_MS = 50;
const LISTEN_MS = 1200;
/** So long nothing more has come of asking for more; and so many packets longer, for a turn that passes starts slowly. */
const STUCK_MS = 600;
const STARTS = 64;
/** A line that was just found is looked at more closely after this. */
const FIRST_CREEP_MS = 1500;
/** So few that are lost of so few segments are chance on a line that loses some. */
const ENOUGH_SEGMENTS = 40;
const FEW_LOST = 5;
/**
 * What a train must read of what was found for that to have been ended by something else; less where neither queue nor
 * loss ended it, but peers that took no more: what they lost of their first bursts keeps them small, or responses were
 * short. So often at the most.
 */
const MUCH_MORE = 2;
const MORE = 1.25;
const TRIES = 5;
/** So long a train is waited for that may tell of more: a quarter of a second for its last packet, and a look. */
const TRAIN_WAITS_MS = 300;
/** A queue that is longer than this and so many packets of the line that a train has read is somebody's. */
const NOBODY_MS = 8;
const NOBODY_SEGMENTS = 3;
/**
 * On a slower line than this, in bits per second, the usual time reaches back to less, and one pair of segments more or
 * less counts: what arrives from a queue is measured over so many packets, and a train is asked.
 */
const COARSE = 3e6;
const FROM_QUEUE = 25;
const ROUNDING = 0.97;
/** Part of that which a train must read at the least to be of the same line. */
const ALIKE = 0.85;

export function listen(state: LineState, view: View, phase: Phase & { kind: "listen" }): LineState {
  const enough = view.at - phase.since >= LISTEN_MS && state.delay.queue.length >= 10;
  if (!enough) return { ...state, rate: START };
  const spread = queueQuantile(state.delay, view.at, HISTORY_MS, 0.8) ?? 0;
  if (spread > view.clear + 2) return toYield(state, view);
  return state.available === undefined
    ? { ...state, phase: { kind: "discover", since: view.at }, rate: START }
    : resume(state, view, 0.5);
}

export function discover(
  state: LineState,
  view: View,
  phase: Phase & { kind: "discover" },
): LineState {
  // Where each flow is queued by itself there may be neither queue nor much loss at the end.
  const patience = Math.max(STUCK_MS, 5 * view.rtt) + STARTS * mtuTime(state);
  const stuck = view.heldBack && view.at - stuckSince(state, view) > patience;
  const lossy = view.lossy && (view.segments >= ENOUGH_SEGMENTS || view.lost > FEW_LOST);
  if (view.bad || lossy || state.crowded >= 3 || stuck) {
    // Who goes on has been slowed down before: what had arrived then is there still.
    const least = view.bad ? START : (state.available ?? START);
    const found = Math.max(least, Math.min(arrived(state, view), state.rate));
    const known = { ...state, available: found, capacity: found, foundByQueue: view.bad };
    const next = toSettle(known, view, found);
    // What ended it without a queue may be nothing of the line: then there is more, and a train finds it. It is exact
    // where a few packets are much.
    const asks = found < COARSE || !view.bad;
    const trainAt = asks ? view.at : state.trainAt;
    const tries = (phase.tries ?? 0) + 1;
    const more = lossy ? MUCH_MORE : MORE;
    const goesOn = !view.bad && tries < TRIES && { tries, more };
    return {
      ...next,
      phase: { kind: "drain", since: view.at, ...goesOn },
      rate: 0.4 * found,
      trainAt,
    };
  }
  const step = Math.max(RAMP_MS, 0.4 * view.rtt);
  if (!view.keepsUp || view.median > view.knee || view.at - state.rampedAt < step) return state;
  return { ...state, rate: Math.max(START, state.rate * 1.13), rampedAt: view.at };
}

/**
 * Since when more could have come: who has just begun to ask has had nothing yet, and what he gets is
 * known only after the time over which it is measured.
 */
function stuckSince({ rampedAt, demandSince, rate }: LineState, { at }: View): number {
  return Math.max(rampedAt, (demandSince ?? at) + Math.max(200, 40 * (12e6 / rate)));
}

/** What arrives while there is a queue is what the line carries. */
function arrived({ delivery, available }: LineState, view: View): number {
  if ((available ?? view.delivered) >= COARSE) return view.delivered;
  const window = FROM_QUEUE * view.mtu;
  return Math.max(
    view.delivered,
    ROUNDING * mostDelivered(delivery, view.at - 1.5 * window, window),
  );
}

/** By a train that has passed that queue, unless it says something else altogether. */
function atMostCarried({ carried }: LineState, { since }: Phase, found: number): number {
  if (carried === undefined || carried.at < since || carried.most < ALIKE * found) return found;
  return Math.min(found, carried.most);
}

/**
 * The search had ended without a queue, and a train has found much more. But what stands there for longer than a few
 * segments take on a line as it reads is somebody's: through his queue a train finds all that he has.
 */
function isMore({ train, newest }: View, phase: Phase & { kind: "drain" }, found: number): boolean {
  const { since, more } = phase;
  if (more === undefined || train?.rate === undefined || train.sentAt < since) return false;
  const segment = mtuTime({ rate: train.rate });
  return train.rate > more * found && newest < NOBODY_MS + NOBODY_SEGMENTS * segment;
}

const isUnderWay = ({ trainAt, trainHeardAt }: LineState, { since }: Phase) =>
  trainAt >= since && trainHeardAt < trainAt;

/** While a queue of our own making drains, what is delivered is what the line can do. */
export function drain(before: LineState, view: View, phase: Phase & { kind: "drain" }): LineState {
  const waited = view.at - phase.since;
  const state = learnFirst(before, view);
  const found = waited < view.rtt + 150 ? Math.max(state.available ?? 0, arrived(state, view)) : 0;
  const available = atMostCarried(state, phase, Math.max(state.available ?? START, found));
  if (isMore(view, phase, available)) {
    const { tries = 0 } = phase;
    return { ...state, phase: { kind: "discover", since: view.at, tries }, rate: available };
  }
  // One that has lost a packet is only told of when no more is waited for.
  const awaits = phase.more !== undefined && isUnderWay(state, phase) && waited < TRAIN_WAITS_MS;
  const after = state.delay.queue.filter((s) => s.sentAt >= phase.since);
  if (!awaits && after.length >= 2 && after.slice(-2).every((s) => s.queue < view.knee)) {
    const known = { ...state, available, capacity: available, foundAt: view.at };
    const found = resume(known, view, 0.9);
    // What one queue told was measured in haste.
    return state.changes.length > 0 ? found : { ...found, creepAt: view.at + FIRST_CREEP_MS };
  }
  const next = { ...state, available, capacity: available };
  return waited > view.rtt + 500 ? push(next, view) : next;
}
