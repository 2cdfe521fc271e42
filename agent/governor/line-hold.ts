/** The line law below the knee: holding, ducking at a first sign of somebody, settling. */
import { isClear } from "./delay.ts";
import { unsentPart } from "./delivery.ts";
import { arrivedPart, fewPackets } from "./line-arrivals.ts";
import { mayAsk, toAside } from "./line-aside.ts";
import { followFall, rateOfSlowerLine } from "./line-change.ts";
import { creepLater, startCreep } from "./line-creep.ts";
import { askCarried, learnUsual, push, target, toHold, toSettle } from "./line-moves.ts";
import { START } from "./line-packets.ts";
import { RAMP_MS } from "./line-search.ts";
import type { LineState, Phase } from "./line-state.ts";
import { SURELY, type View } from "./line-view.ts";

const DUCKED = 0.4;
const RESUMED = 0.75;
const RESUMED_AFTER_HALT = 0.95;
const SECOND_SIGN_MS = 250;
const AGAIN_MS = 1500;
/** What is believed free after a second sign in that time, of the rate then. */
const LESS = 0.96;
/** And asked again after this, for it is only believed. */
const SOON_MS = 2000;
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

/**
 * After a longer pause than this between two looks, what arrived in between does not say whether the line has just
 * stood still: what arrives in the next milliseconds does, where they are enough packets.
 */
const LONG_AGO_MS = 40;
const GLANCE_MS = 17;
const ENOUGH_MS = 12;
/** Of what left before, arrives on a line that goes on after a halt; acknowledgements come in pairs. */
const GOES_ON = 0.93;

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
  const mayCreep = state.rate >= 0.99 * wanted && !isTaken(state, view);
  if (mayCreep && view.at >= state.creepAt && state.activity < 1 && view.at - phase.since > 1500) {
    return startCreep(calm, view, wanted);
  }
  if (view.at - state.rampedAt < RAMP_MS) return calm;
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

function mayHaveStoodStill(state: LineState, { at, silent }: View): boolean {
  const before = state.delivery.at(-2)?.at ?? at;
  return !silent && at - before > LONG_AGO_MS && fewPackets(state) < ENOUGH_MS;
}

function startGlance(state: LineState, view: View, { since }: Phase & { kind: "hold" }): LineState {
  const { rate } = state;
  return {
    ...state,
    phase: { kind: "glance", since: view.at, rate, held: since },
    rate: DUCKED * rate,
    loweredAt: view.at,
  };
}

/** Most of the line is left to somebody for these milliseconds. If all arrives again it is only a sign of him. */
export function glance(state: LineState, view: View, phase: Phase & { kind: "glance" }): LineState {
  const part = arrivedPart(state, phase.since, phase.rate);
  const goesOn = part !== undefined && (part === 0 || part > GOES_ON);
  if (!goesOn && view.at - phase.since < GLANCE_MS) return state;
  const before: LineState = {
    ...state,
    phase: { kind: "hold", since: phase.held },
    rate: phase.rate,
  };
  return goesOn ? duck(before, { ...view, passes: false }) : push(before, view);
}

/** A first sign that somebody comes: most of the line is left to him until it is gone, all at the second. */
function duck(state: LineState, view: View): LineState {
  if (view.at - state.duckedAt < SECOND_SIGN_MS + 3 * view.rtt) return push(state, view);
  const again = view.at - state.duckedAt < AGAIN_MS;
  // Of a line that only stood still nothing is learnt, once. Twice, somebody takes a part that is no queue for long.
  const [back, learnt, clearFor] =
    view.passes && !again ? [RESUMED_AFTER_HALT, 0, 0] : [RESUMED, 0.2, view.rtt];
  const resume = back * state.rate;
  const free = again ? Math.max(view.delivered, LESS * state.rate) : Number.POSITIVE_INFINITY;
  return {
    ...state,
    phase: { kind: "settle", since: view.at, resume, ducks: view.newest, clearFor },
    rate: DUCKED * state.rate,
    available: Math.min(state.available ?? state.rate, free),
    creepAt: again ? Math.min(state.creepAt, view.at + SOON_MS) : state.creepAt,
    loweredAt: view.at,
    duckedAt: view.at,
    activity: Math.min(8, state.activity + learnt),
  };
}

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
  return queued ? { ...settling, trainAt: askCarried(state, view) } : settling;
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
  const comes = view.bad && view.newest > (phase.ducks ?? Number.POSITIVE_INFINITY) + 1.5;
  const stays = waited > view.rtt + 60 && view.bad;
  if (view.falls || (!view.passes && (grows || comes || stays))) return push(state, view);
  return waited > view.rtt + 700 ? push(state, view) : state;
}
