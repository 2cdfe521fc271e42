/** The moves that several phases of the line law make: hold, settle, push aside, yield, come back. */

import { mtuTime, START } from "./line-packets.ts";
import type { LineState, Phase } from "./line-state.ts";
import type { View } from "./line-view.ts";

/** Share of the proven free rate that is used; the rest absorbs what nobody announces. */
export const BELOW_KNEE = 0.955;
/** Of two segments that have met the second waits its whole length, until so much idleness has passed: less than this. */
const PARTED_MS = 65;

/** So many changes of the line itself make it one that changes. */
const CHANGING = 2;

/** A train may still be under way when what it was sent for goes on. */
export const UNDER_WAY_MS = 150;

/** Kept while making room: enough to keep connections alive and to be measured by. */
export const FLOOR = 100_000;
const FLOOR_SHARE = 0.01;
/** The most of a slow line that is kept then, for probes take a hundredth of it too, and the least of any. */
const SLOW_FLOOR_SHARE = 0.03;
const LEAST_FLOOR = 30_000;
const LOOK_SHARE = 0.06;

/** Share that is left for each push after the first, and the least that is left for all. */
const PER_PUSH = 0.6;
const BUSIEST = 0.3;
export const CREEP_EVERY_MS = 4000;
/** Who has less than this part of the line asks for more as if he had it, and up to so much sooner. */
const SMALL_PART = 0.5;
const SOONEST = 0.5;

/** The most that a line is believed to lose by itself: more is a policer's, which drops what is above its rate. */
export const OWN_LOSS = 0.03;

/** Part of the line that others must use, by the router's counters, to be somebody. */
export const SOMEBODY = 0.2;

export function floorOf({ capacity = FLOOR / SLOW_FLOOR_SHARE }: LineState): number {
  const slow = Math.max(LEAST_FLOOR, SLOW_FLOOR_SHARE * capacity);
  return Math.max(FLOOR_SHARE * capacity, Math.min(FLOOR, slow));
}

/** What the line carries, whoever uses it, as far as is known. */
const lineOf = ({ available = START, capacity = 0, carried }: LineState): number =>
  Math.max(available, capacity, carried?.least ?? 0);

/** Milliseconds from one creeping to the next. */
export const creepEvery = (state: LineState): number =>
  CREEP_EVERY_MS * Math.max(SOONEST, Math.min(1, (state.available ?? START) / creepBase(state)));

/** What its steps are parts of. */
export const creepBase = (state: LineState): number =>
  Math.max(state.available ?? START, SMALL_PART * lineOf(state));

/** The rate to hold: below the knee, and lower the busier the home has been. */
export function target(state: LineState): number {
  const activity = Math.max(0, state.activity - 1);
  const below = Math.min(BELOW_KNEE, 1 - mtuTime(state) / PARTED_MS);
  return (state.available ?? START) * Math.max(BUSIEST, below * PER_PUSH ** activity);
}

/** Below the knee; a line that has fallen again and again is followed instead. */
export function toHold(state: LineState, view: View): LineState {
  if (state.changes.length >= CHANGING) return toTrack(state, view);
  return {
    ...state,
    phase: { kind: "hold", since: view.at },
    creepAt: Math.max(state.creepAt, view.at + creepEvery(state)),
  };
}

function toTrack(state: LineState, view: View): LineState {
  const span = { since: view.at, least: Number.POSITIVE_INFINITY, most: 0 };
  return { ...state, phase: { kind: "track", since: view.at, span, seen: state.available ?? 0 } };
}

/** Comes back at a share of what was free, ramping from there. */
export function resume(state: LineState, view: View, share: number): LineState {
  const rate = Math.max(2 * floorOf(state), share * target(state));
  return { ...toHold(state, view), rate, rampedAt: view.at };
}

export function toSettle(state: LineState, view: View, free: number): LineState {
  return {
    ...state,
    phase: { kind: "settle", since: view.at, resume: 0.93 * free },
    rate: 0.85 * free,
    loweredAt: view.at,
    creepAt: Math.max(state.creepAt, view.at + creepEvery(state)),
  };
}

/** When a train is sent that asks what the line carries: now, or when the last one has not come back yet. */
export const askCarried = ({ trainAt, askAgainAt, changes }: LineState, { at }: View) =>
  at - trainAt > UNDER_WAY_MS && (at >= askAgainAt || changes.length > 0) ? at : trainAt;

/** Someone else wants the line: nearly stop, then look what happens. */
export function push(state: LineState, view: View): LineState {
  const isRamp = state.phase.kind === "hold" && view.at - state.phase.since < 3000;
  const pushes = [...state.pushes, view.at];
  return {
    ...state,
    phase: { kind: "look", since: view.at, drained: 0 },
    rate: Math.max(floorOf(state), LOOK_SHARE * (state.available ?? state.rate)),
    loweredAt: view.at,
    activity: Math.min(8, state.activity + 1),
    pushes,
    // Pushed away soon after coming back: next time not at that pace to that height.
    caution: isRamp ? 0.7 * state.rate : Number.POSITIVE_INFINITY,
    // Loss on the way: a short buffer, whose being empty again tells little.
    shallow: isLossy(state, view),
  };
}

/** Clearly more is lost than what the line itself loses. */
export const isLossy = (state: LineState, view: View) =>
  view.lost >= 3 + 4 * state.lossRate * view.segments;

export function toYield(state: LineState, view: View): LineState {
  return {
    ...state,
    phase: { kind: "yield", since: view.at, until: view.at + state.patience },
    rate: floorOf(state),
    loweredAt: view.at,
  };
}

/** Follows the typical queue while it is certainly not a standing one. */
export function learnUsual(state: LineState, view: View, phase: Phase): LineState {
  if (view.at - phase.since < 300 || state.delay.queue.at(-1)?.at !== view.at) return state;
  const bound = 2 + Math.min(10, 3 * view.mtu) + 3 * state.delay.jitter;
  const usual = state.usual + 0.01 * (view.median - state.usual);
  return { ...state, usual: Math.min(bound, usual) };
}
