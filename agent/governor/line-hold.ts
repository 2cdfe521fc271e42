/** The line law below the knee: holding, creeping up to see whether more is free, settling. */
import { isClear } from "./delay.ts";
import { unsentPart } from "./delivery.ts";
import { mayAsk, toAside } from "./line-aside.ts";
import { DIFFERENT, followFall, rateOfSlowerLine } from "./line-change.ts";
import {
  askCarried,
  CREEP_EVERY_MS,
  learnUsual,
  push,
  target,
  toHold,
  toSettle,
} from "./line-moves.ts";
import { RAMP_MS } from "./line-search.ts";
import type { LineState, Phase } from "./line-state.ts";
import { START, SURELY, type View } from "./line-view.ts";

/** Growth of successive creeping steps. */
const CREEP = [0.01, 0.01, 0.008, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08];
/** Not at the same time as another box of this home: up to so much later, by no pattern. */
const APART = 0.2;
const SURE_MS = 8000;
const DUCKED = 0.4;
const RESUMED = 0.75;
const RESUMED_AFTER_HALT = 0.95;
const SECOND_SIGN_MS = 250;
const AGAIN_MS = 1500;
/** Steps back to where somebody pushed us away: from a home that is calm but for him, and from a busy one. */
const CAREFUL = 1.02;
const MOST_CAREFUL = 1.01;
const BUSY = 1.6;
const MOST_UNSENT = 0.02;
const UNSENT_MS = 1400;
const ALONE = 0.97;
/** A queue that has lost so much, at least, and such a part of itself is on its way out. */
const DRAINED_MS = 2;
const DRAINED_PART = 0.25;
const PASSING_MS = 2000;

export function hold(state: LineState, view: View, phase: Phase & { kind: "hold" }): LineState {
  if (view.bad && !view.passes) return push(state, view);
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
    return { ...state, rate: Math.min(state.rate, 0.5 * wanted) };
  const calm = learnUsual(state, view, phase);
  if (state.rate > wanted) return { ...calm, rate: wanted };
  if (!view.keepsUp) return calm;
  const mayCreep = state.rate >= 0.99 * wanted && !isTaken(state, view);
  if (mayCreep && view.at >= state.creepAt && state.activity < 1 && view.at - phase.since > 1500) {
    return {
      ...calm,
      phase: { kind: "creep", since: view.at, step: 0, ...knownFor(state, view) },
      rate: wanted * (1 + (CREEP[0] ?? 0)),
    };
  }
  if (view.at - state.rampedAt < RAMP_MS) return calm;
  const careful = state.rate > 0.95 * state.caution && view.at - phase.since < 4000;
  const faster =
    state.rate < 0.9 * wanted && !careful
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
  const most = MOST_UNSENT * Math.max(0, 1 - 2 * activity);
  return Math.min(most, unsentPart(delivery, at, UNSENT_MS));
}

/** The most that was known for long enough to be sure of it: what the first queue told was measured in haste. */
function knownFor({ capacity, foundAt }: LineState, { at }: View): { known?: number } {
  return capacity === undefined || at - foundAt < SURE_MS ? {} : { known: capacity };
}

/** What the router says that others use is not there to be found; a little of it is headers and its error. */
function isTaken({ available = 0, capacity = 0 }: LineState, { others }: View): boolean {
  return others > 0.05 * capacity && available + others > 0.98 * capacity;
}

/**
 * Long enough to be no accident, and soon enough for who has just begun to send. On a slow line the gap
 * that a turn of ours leaves as it passes lasts longer.
 */
const isShort = (state: LineState, view: View) =>
  view.at - state.shortSince >
  Math.max(view.delivered < 0.8 * view.asked ? 120 : 150, 2 * view.rtt, 100 * view.mtu);

/** A first sign that somebody comes: most of the line is left to him until it is gone, all at the second. */
function duck(state: LineState, view: View): LineState {
  if (view.at - state.duckedAt < SECOND_SIGN_MS + 3 * view.rtt) return push(state, view);
  // Of a line that only stood still nothing is learnt, once.
  const chance = view.passes && view.at - state.duckedAt > AGAIN_MS;
  const [back, learnt, clearFor] = chance ? [RESUMED_AFTER_HALT, 0, 0] : [RESUMED, 0.2, view.rtt];
  const resume = back * state.rate;
  return {
    ...state,
    phase: { kind: "settle", since: view.at, resume, ducks: view.newest, clearFor },
    rate: DUCKED * state.rate,
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

function creepLater(state: LineState, view: View, free: number): LineState {
  const capacity = state.capacity ?? free;
  // What failed twice at the same height is the line's own, not somebody's passing use of it.
  const same = Math.abs(free - (state.available ?? 0)) < 0.03 * free;
  const believed = same ? free + 0.7 * (capacity - free) : capacity;
  const every = CREEP_EVERY_MS * (1 + APART * ((view.at * 0.618034) % 1));
  return { ...state, capacity: Math.max(free, believed), creepAt: view.at + every };
}

export function creep(state: LineState, view: View, phase: Phase & { kind: "creep" }): LineState {
  const much = view.newest > view.high + 2 * queueOfOurs(state, view, phase);
  const someone = view.bad && much && !view.passes;
  if (someone || view.falls) return push(state, view);
  if (view.dips) return backOff(state, view);
  const short = view.at - state.shortSince > 100;
  // A step of ours makes a small difference, someone who begins to send a large one. Far below what
  // the line once had, it may be what a router leaves each of us.
  const less = view.steady < 0.85 * view.asked;
  const low = (state.available ?? 0) < 0.85 * (state.capacity ?? 0);
  const stopped = short || (view.lossy && view.median < view.edge);
  if (((short && less) || (stopped && low)) && mayAsk(state, view)) return toAside(state, view);
  const waited = view.at - phase.since;
  const period = Math.max(200, view.rtt + 120, 70 * view.mtu);
  const stuck = view.median > view.calm && waited > 2 * period;
  if (view.bad || view.lossy || short || view.median > view.edge || stuck) {
    // What failed no lower than where it was known to work says little new.
    const { available = 0 } = state;
    const known = (state.rate < available ? 0.985 : 0.995) * available;
    const free = Math.min(state.rate, Math.max(view.steady, known));
    return toSettle({ ...creepLater(state, view, free), available: free }, view, free);
  }
  if (waited < period || view.median > view.calm) return state;
  if (!view.keepsUp) return waited < 1000 ? state : toHold(state, view);
  const available = Math.max(state.available ?? 0, Math.min(state.rate, view.steady * 1.02));
  const step = phase.step + 1;
  const grown = state.rate * (1 + (CREEP[Math.min(step, CREEP.length - 1)] ?? 0));
  // More than ever: the line itself has changed, for nobody's going leaves more than it carries.
  const changed = available > DIFFERENT * (phase.known ?? Number.POSITIVE_INFINITY);
  const known = changed ? undefined : phase.known;
  return {
    ...state,
    available,
    capacity: Math.max(state.capacity ?? 0, available),
    changes: changed ? [...state.changes, view.at] : state.changes,
    phase: { kind: "creep", since: view.at, step, ...(known !== undefined && { known }) },
    rate: grown,
  };
}

/** So near the knee it is more likely our own queue than somebody's; a second sign is his. */
function backOff(state: LineState, view: View): LineState {
  const settling = toSettle(state, view, Math.min(state.rate, state.available ?? state.rate));
  const phase = {
    kind: "settle",
    since: view.at,
    resume: target(state),
    ducks: view.newest,
  } as const;
  return { ...settling, phase, duckedAt: view.at };
}

/** Milliseconds of queue that a step above what is free can have made since it began. */
function queueOfOurs({ rate, available = rate }: LineState, view: View, phase: Phase): number {
  const over = Math.max(0, rate / available - 1);
  return Math.min(view.high, over * (view.at - phase.since + view.rtt + 50));
}

export function settle(state: LineState, view: View, phase: Phase & { kind: "settle" }): LineState {
  const slower = rateOfSlowerLine(state, view, phase.since, view.delivered);
  if (slower !== undefined) return followFall(state, view, slower);
  const waited = view.at - phase.since;
  const after = state.delay.queue.filter((s) => s.sentAt >= phase.since);
  if (isClear(after, view.knee, { samples: 2, duration: phase.clearFor ?? 0 })) {
    const held = { ...toHold(state, view), rate: Math.min(phase.resume, target(state)) };
    // A halt of the line says nothing of what is free, so it does not put off asking either.
    return phase.clearFor === 0 ? { ...held, creepAt: state.creepAt } : held;
  }
  const grows = (after.at(-1)?.queue ?? 0) > SURELY * view.high;
  const comes = view.bad && view.newest > (phase.ducks ?? Number.POSITIVE_INFINITY) + 1.5;
  const stays = waited > view.rtt + 60 && view.bad;
  if (view.falls || (!view.passes && (grows || comes || stays))) return push(state, view);
  return waited > view.rtt + 700 ? push(state, view) : state;
}
