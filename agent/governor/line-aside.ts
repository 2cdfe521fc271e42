/**
 * The line law behind routers that queue each flow by itself. Delay shows nothing there: our own
 * connections get crowded, and trains of probes tell when the line is free again.
 */
import { floorOf, push, resume } from "./line-moves.ts";
import { TRICKLE } from "./line-room.ts";
import type { LineState, Phase } from "./line-state.ts";
import { START, type View } from "./line-view.ts";

/** Share of the free rate that a train must find, and how often in a row. */
const TRAIN_FREE = 0.75;
const TRAINS_FREE = 2;

export function toAside(state: LineState, view: View): LineState {
  return {
    ...state,
    phase: { kind: "aside", since: view.at, free: 0 },
    rate: floorOf(state),
    loweredAt: view.at,
    trainAt: view.at,
    crowded: 0,
  };
}

export function stayAside(
  state: LineState,
  view: View,
  phase: Phase & { kind: "aside" },
): LineState {
  if (view.bad) return push(state, view);
  const rate =
    phase.free > 0 ? Math.max(state.rate, TRICKLE * (state.available ?? 0)) : floorOf(state);
  const sinceTrain = view.at - state.trainAt;
  if (view.train?.rate !== undefined && view.train.sentAt >= phase.since) {
    const free = view.train.rate > TRAIN_FREE * (state.available ?? START) ? phase.free + 1 : 0;
    if (free >= TRAINS_FREE) return trainsFree(state, view, phase);
    return { ...state, rate, phase: { ...phase, free } };
  }
  const every = phase.free > 0 ? 100 : state.asideFor;
  if (sinceTrain >= every + view.rtt) {
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
  return { ...state, rate };
}

/** Crowded a moment ago and free at once: then it was the peers' own lines that were slow. */
function trainsFree(state: LineState, view: View, phase: Phase): LineState {
  const quick = view.at - phase.since < 500 + 4 * view.rtt;
  return {
    ...resume(state, view, 0.5),
    ...(quick && { peersSlowUntil: view.at + 10_000 }),
    shortSince: view.at,
    crowded: 0,
  };
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
