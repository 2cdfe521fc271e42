/** The line law at a first sign that somebody comes: most of the line is left to him until it is known. */
import { arrivedPart, fewPackets } from "./line-arrivals.ts";
import { push } from "./line-moves.ts";
import { isFar } from "./line-packets.ts";
import type { LineState, Phase } from "./line-state.ts";
import type { View } from "./line-view.ts";

const DUCKED = 0.4;
/** Far away his next segments are there before the next sign. */
const DUCKED_FAR = 0.15;
const RESUMED = 0.75;
const RESUMED_AFTER_HALT = 0.95;
const SECOND_SIGN_MS = 250;
const AGAIN_MS = 1500;
/** What is believed free after a second sign in that time, of the rate then. */
const LESS = 0.96;
const NEARLY_ALL = 0.9;
/** And asked again after this, for it is only believed. */
const SOON_MS = 2000;

/**
 * After a longer pause than this between two looks, what arrived in between does not say whether the line has just
 * stood still: what arrives in the next milliseconds does, where they are enough packets.
 */
const LONG_AGO_MS = 40;
const GLANCE_MS = 17;
const ENOUGH_MS = 12;
/** Of what left before, arrives on a line that goes on after a halt; acknowledgements come in pairs. */
const GOES_ON = 0.93;

export function mayHaveStoodStill(state: LineState, { at, silent }: View): boolean {
  const before = state.delivery.at(-2)?.at ?? at;
  return !silent && at - before > LONG_AGO_MS && fewPackets(state) < ENOUGH_MS;
}

export function startGlance(
  state: LineState,
  view: View,
  { since }: Phase & { kind: "hold" },
): LineState {
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
export function duck(state: LineState, view: View): LineState {
  if (view.at - state.duckedAt < SECOND_SIGN_MS + 3 * view.rtt) return push(state, view);
  const again = view.at - state.duckedAt < AGAIN_MS;
  // Of a line that only stood still nothing is learnt, once. Twice, somebody takes a part that is no queue for long.
  // Far away nothing is missing yet when his first packets are known of, and his next are there by then.
  const halt = view.passes && !again && !isFar(state);
  const [back, learnt, clearFor] = halt ? [RESUMED_AFTER_HALT, 0, 0] : [RESUMED, 0.2, 2 * view.rtt];
  const { rate, available = rate } = state;
  // Who had left a part of it anyway has not learnt that less is free.
  const most = again && rate > NEARLY_ALL * available;
  const free = most ? Math.max(view.delivered, LESS * rate) : available;
  return {
    ...state,
    phase: { kind: "settle", since: view.at, resume: back * rate, ducks: view.newest, clearFor },
    rate: (isFar(state) ? DUCKED_FAR : DUCKED) * rate,
    available: Math.min(available, free),
    creepAt: again ? Math.min(state.creepAt, view.at + SOON_MS) : state.creepAt,
    loweredAt: view.at,
    duckedAt: view.at,
    activity: Math.min(8, state.activity + learnt),
  };
}
