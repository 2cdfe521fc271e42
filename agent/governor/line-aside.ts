/**
 * The line law behind routers that queue each flow by itself. Delay shows nothing there: our own
 * connections get less than they ask for, and trains of probes tell what the line has left.
 */
import { losses } from "./delivery.ts";
import { floorOf, OWN_LOSS, push, resume, SOMEBODY } from "./line-moves.ts";
import { START } from "./line-packets.ts";
import { TRICKLE } from "./line-room.ts";
import type { LineState, Phase } from "./line-state.ts";
import type { View } from "./line-view.ts";

/**
 * Someone who takes all there is leaves a train half of the line. More than that is there for the
 * taking, but near it the proof has to be better.
 */
const SURELY_FREE = 0.75;
const LIKELY_FREE = 0.62;
/** Points that trains in a row must make: two for surely, one for likely. */
const FREE_POINTS = 4;
/** What of our own is still on its way must not stand before the first train. */
const DRAIN_MS = 50;
/** What was found out about the peers' own lines holds for so long, and longer each time it is found again. */
export const PEERS_SLOW_MS = 10_000;
const PEERS_SLOW_LAST_MS = 80_000;
/** How long a queue that was seen says so. */
const ONE_QUEUE_MS = 1500;
/** How long all trains must have read the same before it is weighed whether anybody is there. */
export const WEIGH_FIRST_MS = 5000;
const WEIGH_LAST_MS = 160_000;
const ALIKE = 0.2;
/** Part of that rate that is sent meanwhile, and what less than two would make of both together. */
const WEIGHT = 0.6;
const NOBODY = 1.15;
/** Trains that must say so: one that meets some of our own packets in its queue reads too little. */
const WEIGHINGS = 3;

/**
 * Less arrives than we send, and not as little as before, when that was found to be the peers' doing.
 * Where probes have just seen a queue there is one for all, through which trains always find the line free.
 */
export const mayAsk = ({ peersSlow, pushes }: LineState, view: View) =>
  view.at - (pushes.at(-1) ?? Number.NEGATIVE_INFINITY) > ONE_QUEUE_MS &&
  (view.at > peersSlow.until || view.steady < 0.9 * peersSlow.rate);

export function toAside(state: LineState, view: View): LineState {
  return {
    ...state,
    phase: { kind: "aside", since: view.at, free: 0, taken: view.steady },
    rate: floorOf(state),
    loweredAt: view.at,
    // As if one had been sent so long ago that the next is due when ours has drained.
    trainAt: view.at + DRAIN_MS - state.asideFor,
    crowded: 0,
  };
}

export function stayAside(
  state: LineState,
  view: View,
  phase: Phase & { kind: "aside" },
): LineState {
  // Nothing of it is ours, and through a queue of somebody's a train tells nothing.
  if (view.bad) return { ...state, rate: floorOf(state), phase: { ...phase, free: 0 } };
  const rate =
    phase.free > 0 ? Math.max(state.rate, TRICKLE * (state.available ?? 0)) : floorOf(state);
  if (view.train?.rate !== undefined && view.train.sentAt >= phase.since) {
    return afterTrain({ ...state, rate }, view, phase, view.train.rate);
  }
  const every = phase.free > 0 ? 100 : state.asideFor;
  if (view.at - state.trainAt < every + view.rtt) return { ...state, rate };
  // Nobody answers trains here: only a pulse of our own can tell.
  if (view.at - state.trainHeardAt > 5000 && view.at - phase.since > state.asideFor) {
    return {
      ...state,
      phase: { kind: "test", since: view.at },
      rate: 0.9 * (state.available ?? START),
    };
  }
  return { ...state, rate, trainAt: view.at };
}

function afterTrain(
  state: LineState,
  view: View,
  phase: Phase & { kind: "aside" },
  rate: number,
): LineState {
  const line = state.capacity ?? state.available ?? START;
  const points = rate > SURELY_FREE * line ? 2 : rate > LIKELY_FREE * line ? 1 : 0;
  const free = points === 0 ? 0 : phase.free + points;
  if (free >= FREE_POINTS) {
    return foundFree(state, view, phase, points < 2 ? 0.95 * rate : Math.min(line, rate));
  }
  const before = phase.alike;
  const same = before && Math.abs(rate - before.rate) < ALIKE * before.rate;
  const alike = same ? before : { rate, since: view.at };
  if (free === 0 && view.at - alike.since > state.weighAfter) {
    const alone = alike.rate;
    return {
      ...state,
      phase: { kind: "weigh", since: view.at, alone, weighed: 0 },
      rate: WEIGHT * alone,
    };
  }
  return { ...state, phase: { ...phase, free, alike } };
}

/** @param found what the trains found free for us. */
function foundFree(
  state: LineState,
  view: View,
  phase: Phase & { kind: "aside" },
  found: number,
): LineState {
  // Crowded a moment ago and free at once: then it was the peers' own lines that were slow.
  const known = state.available ?? START;
  const quick = view.at - phase.since < 600 + 5 * view.rtt && found > SURELY_FREE * known;
  const available = quick ? known : found;
  return {
    ...resume({ ...state, available }, view, quick ? 0.9 : 0.5),
    ...(quick && { lossRate: Math.max(state.lossRate, lossOfLate(state)) }),
    peersSlow: quick
      ? peersAreSlow(state, view, phase.taken)
      : { ...state.peersSlow, lasts: PEERS_SLOW_MS },
    weighAfter: WEIGH_FIRST_MS,
    shortSince: view.at,
    crowded: 0,
  };
}

/** Nobody was there, so what was lost is the line's own: that is why less arrived. */
function lossOfLate({ delivery, at }: LineState): number {
  const { lost, segments } = losses(delivery, at, 1000);
  return segments > 50 ? Math.min(OWN_LOSS, lost / segments) : 0;
}

const peersAreSlow = ({ peersSlow: { lasts } }: LineState, { at }: View, rate: number) => ({
  until: at + lasts,
  rate,
  lasts: Math.min(PEERS_SLOW_LAST_MS, 2 * lasts),
});

/** Whether a train beside our own traffic finds as much less as we send: then nobody else is there. */
export function weigh(state: LineState, view: View, phase: Phase & { kind: "weigh" }): LineState {
  if (view.bad) return push(state, view);
  const weighAfter = Math.min(WEIGH_LAST_MS, 2 * state.weighAfter);
  const { train } = view;
  if (train?.rate !== undefined && train.sentAt >= phase.since) {
    const both = view.steady + train.rate;
    if (both > NOBODY * phase.alone || view.others > SOMEBODY * phase.alone)
      return toAside({ ...state, weighAfter }, view);
    const weighed = phase.weighed + 1;
    if (weighed < WEIGHINGS) return { ...state, phase: { ...phase, weighed }, trainAt: view.at };
    const available = phase.alone;
    const relearnt = { ...state, available, capacity: available, weighAfter: WEIGH_FIRST_MS };
    return { ...resume(relearnt, view, 0.5), shortSince: view.at, crowded: 0 };
  }
  const waited = view.at - phase.since;
  if (waited > 1500 + 6 * view.rtt) return toAside({ ...state, weighAfter }, view);
  const asked = state.trainAt >= phase.since && view.at - state.trainAt < 300 + 2 * view.rtt;
  const settled = waited > 200 + 2 * view.rtt && view.steady > 0.9 * WEIGHT * phase.alone;
  return settled && !asked ? { ...state, trainAt: view.at } : state;
}

export function test(state: LineState, view: View, phase: Phase & { kind: "test" }): LineState {
  if (view.bad) return push(state, view);
  const waited = view.at - phase.since;
  if (waited > view.rtt && view.excess !== undefined && view.excess > view.knee + 4) {
    return toAside({ ...state, asideFor: Math.min(4000, state.asideFor * 1.5) }, view);
  }
  if (waited < 100 + 1.5 * view.rtt) return state;
  return { ...resume({ ...state, asideFor: 700 }, view, 0.9), crowded: 0 };
}
