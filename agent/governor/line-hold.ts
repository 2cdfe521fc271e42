/** The line law below the knee: holding, settling. */
import { isClear, type QueueSample } from "./delay.ts";
import { unsentPart } from "./delivery.ts";
import { mayAsk, toAside } from "./line-aside.ts";
import { followFall, rateOfSlowerLine } from "./line-change.ts";
import { creepLater, startCreep } from "./line-creep.ts";
import { askCarried, learnUsual, push, target, toHold, toSettle } from "./line-moves.ts";
import { isFar, SLOW_MTU, START } from "./line-packets.ts";
import { RAMP_MS } from "./line-search.ts";
import { duck, mayHaveStoodStill, startGlance } from "./line-sign.ts";
import type { LineState, Phase } from "./line-state.ts";
import { SURELY, type View } from "./line-view.ts";

/** Steps back to where somebody pushed us away: from a home that is calm but for him, and from a busy one. */
const CAREFUL = 1.02;
const MOST_CAREFUL = 1.01;
const BUSY = 1.6;
/** Parts of what is asked for that is taken for idle moments between turns, and over how long these are seen. */
const MOST_UNSENT = 0.022;
const UNSENT_MS = 1400;
/** So little is how pacing rounds. */
const USUALLY_UNSENT = 0.005;
/** Part of what the line carries from which nobody else keeps any. */
const ALONE = 0.97;
/** A queue that has lost so much, at least, and such a part of itself is on its way out. */
const DRAINED_MS = 2;
const DRAINED_PART = 0.25;
const PASSING_MS = 2000;
/** The next probe after a step leaves so much later at the most, while steps are made. */
const PROBED_AGAIN_MS = 25;

export function hold(state: LineState, view: View, phase: Phase & { kind: "hold" }): LineState {
  if (view.bad && !view.passes) {
    return mayHaveStoodStill(state, view) ? startGlance(state, view, phase) : push(state, view);
  }
  if (view.bad || view.dips) return duck(state, view);
  const queued = view.median > view.knee;
  const asks = !queued && mayAsk(state, view);
  if (asks && (state.crowded >= 3 || isShort(state, view) || view.lossy)) {
    return toAside(state, view);
  }
  if ((queued || view.lossy) && view.at - phase.since > Math.max(100, 40 * view.mtu))
    return atKnee(state, view);
  if (view.at - state.shortSince > Math.max(500, 3 * view.rtt)) return notThatMuch(state, view);
  const wanted = (1 + unsent(state, view)) * target(state);
  // Nobody asked for a while: what was free then need not be free now.
  if (view.at - state.demandAt > 5000)
    return { ...state, rate: Math.min(Math.max(START, state.rate), 0.5 * wanted) };
  const calm = learnUsual(state, view, phase);
  if (state.rate > wanted) return { ...calm, rate: wanted };
  if (!view.keepsUp) return calm;
  // What is above the usual may be the first of somebody, who would be hidden by a step of ours.
  const comes = isFar(state) && view.newest > view.edge;
  const mayCreep = state.rate >= 0.99 * wanted && !isTaken(state, view) && !comes;
  if (mayCreep && view.at >= state.creepAt && state.activity < 1 && view.at - phase.since > 1500) {
    return startCreep(calm, view, wanted);
  }
  // Not before it is known what came of the step before.
  if (view.at - state.rampedAt < Math.max(RAMP_MS, view.rtt + PROBED_AGAIN_MS)) return calm;
  const careful = state.rate > 0.95 * state.caution && view.at - phase.since < 4000;
  // Well below it, for what is wanted grows as well, and who keeps to a part of it would never be there.
  const faster =
    state.rate < 0.88 * wanted && !careful
      ? Math.min(0.9 * wanted, Math.max(START, state.rate * 1.2))
      : Math.max(START, state.rate * (careful && state.activity < BUSY ? CAREFUL : MOST_CAREFUL));
  return { ...calm, rate: Math.min(wanted, faster), rampedAt: view.at };
}

/**
 * What stays idle between two turns of the peers is taken in the turns themselves, while nobody would feel
 * it: who keeps a part of the line, however calmly, has no use for a knee that is nearer.
 */
function unsent({ delivery, activity, available = 0, capacity = 0 }: LineState, { at }: View) {
  if (available < ALONE * capacity) return 0;
  const most = MOST_UNSENT * Math.max(0, Math.min(1, 1.5 - 2 * activity));
  return Math.max(0, Math.min(most, unsentPart(delivery, at, UNSENT_MS) - USUALLY_UNSENT));
}

/** What the router says that others use is not there to be found; a little of it is headers and its error. */
function isTaken({ available = 0, capacity = 0 }: LineState, { others }: View): boolean {
  return others > 0.05 * capacity && available + others > 0.98 * capacity;
}

/**
 * Long enough to be no accident, soon enough for who has just begun to send, and still so: one gap that a turn
 * of ours leaves as it passes is seen in the longer window for as long as that. On a slow line it lasts longer.
 */
const isShort = (state: LineState, view: View) =>
  view.delivered < 0.95 * view.asked &&
  view.at - state.shortSince >
    Math.max(view.delivered < 0.8 * view.asked ? 120 : 150, 2 * view.rtt, 100 * view.mtu);

/** More than is free, but only just: note what is free and let the queue go. */
function atKnee(state: LineState, view: View): LineState {
  // What came and goes away at this rate was no more than something in passing, once.
  const again = view.at - state.passedAt < PASSING_MS;
  if (!view.lossy && !again && drainsByItself(state)) {
    const phase = { kind: "settle", since: view.at, resume: state.rate } as const;
    return { ...toSettle(state, view, state.rate), phase, passedAt: view.at };
  }
  const knees = [...state.knees, view.at];
  // Someone who takes whatever is left shows as one knee after another.
  if (knees.filter((t) => t > view.at - 2000).length >= 3) return push({ ...state, knees }, view);
  // A filling downlink holds acknowledgements back: less arrives than was delivered.
  const queued = view.median > view.knee;
  const least = (view.back > 3 || !queued ? 0.88 : 0.5) * state.rate;
  const free = Math.min(state.rate, Math.max(view.delivered, least));
  const next = { ...creepLater(state, view, free), knees, available: free };
  const settling = toSettle({ ...next, activity: state.activity + 0.2 }, view, free);
  // On a slow line a train of ours would be taken for somebody itself.
  const asks = queued && view.mtu < SLOW_MTU;
  return asks ? { ...settling, trainAt: askCarried(state, view) } : settling;
}

function drainsByItself({ delay }: LineState): boolean {
  const last = delay.queue.slice(-10).map((s) => s.queue);
  const most = Math.max(...last.slice(0, -2));
  const now = Math.max(...last.slice(-2));
  return most - now > Math.max(DRAINED_MS, DRAINED_PART * most);
}

/** Less arrives than is sent, with loss or a queue of our own: what was believed free is not. */
function notThatMuch(state: LineState, view: View): LineState {
  const free = Math.max(START, view.steady);
  const next = { ...creepLater(state, view, free), available: free, shortSince: view.at };
  return toSettle({ ...next, capacity: Math.max(free, 0.9 * (state.capacity ?? 0)) }, view, free);
}

export function settle(state: LineState, view: View, phase: Phase & { kind: "settle" }): LineState {
  const slower = rateOfSlowerLine(state, view, phase.since, view.delivered);
  if (slower !== undefined) return followFall(state, view, slower);
  const waited = view.at - phase.since;
  const after = state.delay.queue.filter((s) => s.sentAt >= phase.since);
  if (isClear(after, view.knee, { samples: 2, duration: phase.clearFor ?? 0 })) {
    const held = { ...toHold(state, view), rate: Math.min(phase.resume, target(state)) };
    // A sign of somebody may be a halt of the line, so it does not put off asking what is free.
    return phase.clearFor === undefined ? held : { ...held, creepAt: state.creepAt };
  }
  const grows = (after.at(-1)?.queue ?? 0) > SURELY * view.high;
  const returns = phase.clearFor !== undefined && hasReturned(after, view.knee);
  const comes = view.bad && view.newest > (phase.ducks ?? Number.POSITIVE_INFINITY) + 1.5;
  const stays = waited > view.rtt + 60 && view.bad;
  if (view.falls || (!view.passes && (grows || comes || returns || stays)))
    return push(state, view);
  // What a step of ours left only drains from now on: what comes on top of it are somebody's first packets.
  const isOnTop = view.dips && after.at(-1)?.at === view.at;
  if (isFar(state) && phase.ducks === undefined && isOnTop)
    return duck({ ...state, rate: phase.resume }, view);
  return waited > view.rtt + 700 ? push(state, view) : state;
}

/** There was a queue, it was gone, and there is one again: who has begun to send comes with twice as much. */
function hasReturned(after: readonly QueueSample[], bound: number): boolean {
  const last = after.at(-1)?.queue ?? 0;
  return last >= bound && isClear(after.slice(0, -1), bound, { samples: 2, duration: 0 });
}
