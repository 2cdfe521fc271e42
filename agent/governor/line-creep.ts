/** The line law above what is known to be free: small steps, as long as no queue comes of them. */
import { mayAsk, toAside } from "./line-aside.ts";
import { DIFFERENT } from "./line-change.ts";
import { creepBase, creepEvery, push, toHold, toSettle } from "./line-moves.ts";
import { isFar, SLOW_MTU } from "./line-packets.ts";
import { duck } from "./line-sign.ts";
import type { LineState, Phase } from "./line-state.ts";
import type { View } from "./line-view.ts";

/** Part of what is known that the first step goes to at the least: a slow line is held further below it. */
const NEARLY = 0.983;
/** Far away, who comes meanwhile leaves slow start at once (`isFar`): at one step to where it shows, and more seldom. */
const NEARLY_FAR = 1.015;
const SKIPPED_FAR = 3;
const SELDOM_FAR = 1.75;
/**
 * Growth of successive creeping steps, the first of them nearly to what is known. Who has less than half of the
 * line takes parts of that half: they make no more of a queue than those of who has it, and he comes back as fast.
 */
const CREEP = [0.028, 0.01, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08];
/** Steps on a line that is faster than it ever was: only its own end is there to be found, and people wait for it. */
const FASTER = 0.1;
/** Not at the same time as another box of this home: up to so much later, by no pattern. */
const APART = 0.2;
const SURE_MS = 8000;
/** Before that the line may carry up to so much more than was found, for the first queue tells it in haste. */
const HASTE = 1.3;

/** @param from the rate that has been held. */
export function startCreep(state: LineState, view: View, from: number): LineState {
  const far = isFar(state);
  const step = far ? SKIPPED_FAR : 0;
  const nearly = (far ? NEARLY_FAR : NEARLY) * (state.available ?? 0);
  return {
    ...state,
    phase: { kind: "creep", since: view.at, step, changed: false, ...knownFor(state, view) },
    rate: Math.max(from + (CREEP[0] ?? 0) * creepBase(state), nearly),
  };
}

export function creep(state: LineState, view: View, phase: Phase & { kind: "creep" }): LineState {
  const much = view.newest > view.high + 2 * queueOfOurs(state, view, phase);
  const someone = view.bad && much && !view.passes;
  if (someone || view.falls) return push(state, view);
  // Hardly any step of ours shows like that: it is asked again as late as after one that failed.
  if (view.dips) return duck({ ...state, creepAt: view.at + creepEvery(state) }, view);
  const short = view.at - state.shortSince > 100;
  // A step of ours makes a small difference, someone who begins to send a large one. Far below what
  // the line once had, it may be what a router leaves each of us.
  const less = view.steady < 0.85 * view.asked;
  const low = (state.available ?? 0) < 0.85 * (state.capacity ?? 0);
  const stopped = short || (view.lossy && view.median < view.edge);
  if (((short && less) || (stopped && low)) && mayAsk(state, view)) return toAside(state, view);
  const waited = view.at - phase.since;
  const period = phase.changed
    ? Math.max(130, view.rtt + 90, 50 * view.mtu)
    : Math.max(200, view.rtt + 120, 70 * view.mtu);
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
  // More than ever: the line itself has changed, for nobody's going leaves more than it carries.
  const isNew = !phase.changed && available > DIFFERENT * (phase.known ?? Number.POSITIVE_INFINITY);
  const next = { ...phase, since: view.at, step, changed: phase.changed || isNew };
  const grows = next.changed ? FASTER : (CREEP[Math.min(step, CREEP.length - 1)] ?? 0);
  return {
    ...state,
    available,
    capacity: Math.max(state.capacity ?? 0, available),
    changes: isNew ? [...state.changes, view.at] : state.changes,
    phase: next,
    rate: state.rate + grows * creepBase(state),
  };
}

/** The most that the line can be as it was found: what the first queue told was measured in haste. */
function knownFor(state: LineState, { at }: View): { known?: number } {
  const { capacity, foundAt, foundByQueue } = state;
  if (capacity === undefined) return {};
  if (at - foundAt >= SURE_MS) return { known: capacity };
  return foundByQueue ? { known: HASTE * capacity } : {};
}

/** What was tried did not go: asks later again, and believes less that more is there. */
export function creepLater(state: LineState, view: View, free: number): LineState {
  const capacity = state.capacity ?? free;
  // What failed twice at the same height is the line's own, not somebody's passing use of it.
  const same = Math.abs(free - (state.available ?? 0)) < 0.03 * free;
  const believed = same ? free + 0.7 * (capacity - free) : capacity;
  // On a slow line each creeping lasts longer and makes more of a queue.
  const every =
    creepEvery({ ...state, available: free }) *
    Math.max(isFar(state) ? SELDOM_FAR : 1, view.mtu / SLOW_MTU) *
    (1 + APART * ((view.at * 0.618034) % 1));
  return { ...state, capacity: Math.max(free, believed), creepAt: view.at + every };
}

/** Milliseconds of queue that a step above what is free can have made since it began. */
function queueOfOurs({ rate, available = rate }: LineState, view: View, phase: Phase): number {
  const over = Math.max(0, rate / available - 1);
  return Math.min(view.high, over * (view.at - phase.since + view.rtt + 50));
}
