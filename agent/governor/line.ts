/**
 * The line law: stays just below the knee where the uplink starts to queue, so that any queue is
 * somebody else's and is answered by making room at once. Pure: (state, sample, ceiling) → state.
 */
import { assertNever } from "../core/errors.ts";
import { noDelays, observeDelays } from "./delay.ts";
import { leastSent, observeDelivery } from "./delivery.ts";
import { mayAsk, PEERS_SLOW_MS, stayAside, test, WEIGH_FIRST_MS, weigh } from "./line-aside.ts";
import { CHANGES_MS, learnChanges } from "./line-change.ts";
import { creep } from "./line-creep.ts";
import { hold, settle } from "./line-hold.ts";
import { CREEP_EVERY_MS, FLOOR, learnUsual, OWN_LOSS } from "./line-moves.ts";
import { burstOf } from "./line-packets.ts";
import { lookOn, makeRoom } from "./line-room.ts";
import { discover, drain, listen } from "./line-search.ts";
import { glance } from "./line-sign.ts";
import type { LineState } from "./line-state.ts";
import { track } from "./line-track.ts";
import { look, type View } from "./line-view.ts";
import type { LineSample } from "./sample.ts";

const LOADED = 0.6;
const FORGOTTEN_MS = 60_000;
const DRAINS_MS = 400;
const ACTIVITY_FADE_MS = 8000;
/** After so long without anything to send, what arrives has to be measured anew. */
const PAUSE_MS = 1000;
/** Part of what left that arrives where nobody keeps any, over how long, and how far apart the two may be seen. */
const ARRIVES = 0.95;
const DELIVERED_MS = 120;
const SENT_MS = 50;
/** Parts of what one tick shows that are learnt of the line's loss: a search is over before the usual one has told. */
const LEARNS = 0.005;
const LEARNS_IN_SEARCH = 0.012;
/** Queue of our own connections alone from which loss may be a router's that queues each flow by itself. */
const SEARCH_CROWD_MS = 4;

export interface LineLimits {
  /** Bits per second that policy and comfort allow. */
  readonly ceiling: number;
}

export function startLine(at: number, capacity?: number): LineState {
  return {
    delay: noDelays(at),
    delivery: [],
    phase: { kind: "listen", since: at },
    rate: FLOOR,
    ...(capacity !== undefined && { available: capacity, capacity }),
    foundAt: at,
    foundByQueue: false,
    activity: 0,
    usual: 1,
    creepAt: at + CREEP_EVERY_MS,
    knees: [],
    pushes: [],
    changes: [],
    askAgainAt: at,
    patience: 800,
    asideFor: 700,
    weighAfter: WEIGH_FIRST_MS,
    rampedAt: at,
    loweredAt: at,
    duckedAt: Number.NEGATIVE_INFINITY,
    passedAt: Number.NEGATIVE_INFINITY,
    unusualAt: at,
    crowded: 0,
    shortSince: at,
    trainAt: Number.NEGATIVE_INFINITY,
    trainHeardAt: Number.NEGATIVE_INFINITY,
    peersSlow: { until: at, rate: 0, lasts: PEERS_SLOW_MS },
    caution: Number.POSITIVE_INFINITY,
    shallow: false,
    lossRate: 0,
    demandAt: at,
    startedAt: at,
    at,
  };
}

/** One tick. The result's `rate` is what to send at until the next. */
export function stepLine(before: LineState, sample: LineSample, limits: LineLimits): LineState {
  const state = observe(before, sample);
  const view = look(state, sample);
  const crowded = view.crowded ? state.crowded + 1 : 0;
  const shortSince = view.short ? state.shortSince : view.at;
  const lossRate = learnLoss(state, view);
  const unusual =
    view.newest > view.knee ||
    isKept(state, view, sample) ||
    view.short ||
    view.crowded ||
    view.lost > 0;
  const unusualAt = unusual ? view.at : state.unusualAt;
  const learnt = learnChanges({ ...state, unusualAt, crowded, shortSince, lossRate }, view);
  const next = act(learnt, view);
  return next.rate <= limits.ceiling ? next : { ...next, rate: limits.ceiling };
}

/**
 * A tick in which nothing may be shared: the delay is watched, and nothing is learnt of what we did not
 * even try. What was free before is tried again afterwards.
 */
export function restLine(before: LineState, sample: LineSample): LineState {
  const state = observe(before, sample);
  const known = state.available !== undefined && state.phase.kind !== "listen";
  return { ...state, rate: 0, ...(known && { phase: { kind: "hold", since: state.at } }) };
}

/**
 * Loss that comes without a queue is the line's own, and no reason to give way. Where flows are queued
 * apart it may be somebody's: then it shows with less arriving, which is asked about first. In the search
 * that is the very sign of it: Reno, which takes each lost segment for congestion, falls behind what it may send.
 */
function learnLoss(state: LineState, view: View): number {
  const { kind } = state.phase;
  const searches = kind === "discover";
  const calm = (kind === "hold" || searches) && view.median < view.knee;
  const somebodys = searches
    ? (view.excess ?? 0) > SEARCH_CROWD_MS
    : view.short && mayAsk(state, view);
  if (!calm || view.segments < 5 || somebodys) return state.lossRate;
  const gain = searches ? LEARNS_IN_SEARCH : LEARNS;
  return state.lossRate + gain * (Math.min(OWN_LOSS, view.lost / view.segments) - state.lossRate);
}

/** Less arrives than was asked for, and not because less left, as between two turns of the peers. */
function isKept({ delivery, at }: LineState, { delivered, asked, rtt }: View, sample: LineSample) {
  if (delivered >= ARRIVES * asked || sample.peers?.waiting === 0) return false;
  const left = leastSent(delivery, at, DELIVERED_MS + SENT_MS + rtt, rtt, DELIVERED_MS) ?? asked;
  return delivered < ARRIVES * left;
}

function observe(state: LineState, sample: LineSample): LineState {
  const { at, peers } = sample;
  const busy = peers !== undefined && peers.busy > 0;
  if (isForgotten(state, sample)) return observe(listenAnew(state, at), sample);
  const begins = busy && (state.demandSince === undefined || at - state.demandAt > PAUSE_MS);
  const fade = Math.exp(-(at - state.at) / ACTIVITY_FADE_MS);
  return {
    ...state,
    delay: observeDelays(state.delay, sample.delays, at, {
      burst: burstOf(state),
      loaded: isLoaded(state),
      inTurn: state.phase.kind === "track",
    }),
    delivery: peers ? observeDelivery(state.delivery, at, peers, state.rate) : [],
    activity: state.activity * fade,
    trainHeardAt: sample.train?.rate === undefined ? state.trainHeardAt : at,
    demandAt: busy ? at : state.demandAt,
    ...(begins && { demandSince: at }),
    knees: state.knees.filter((t) => t > at - 4000),
    pushes: state.pushes.filter((t) => t > at - 6000),
    changes: state.changes.filter((t) => t > at - CHANGES_MS),
    at,
  };
}

/** After so long without an answer nobody knows what the delay is without a queue. */
const isForgotten = ({ delay }: LineState, { delays, at }: LineSample) =>
  delays.length > 0 && at - delay.answeredAt > FORGOTTEN_MS;

function listenAnew(state: LineState, at: number): LineState {
  const delay = { ...noDelays(at), jitter: state.delay.jitter };
  return { ...state, delay, phase: { kind: "listen", since: at }, rate: FLOOR };
}

/**
 * Near what the line carries any queue swings, and one that drains because we made room is no noise either;
 * while we look for what the line carries, most of what swings is the path.
 */
function isLoaded({ rate, capacity = Number.POSITIVE_INFINITY, ...state }: LineState): boolean {
  return rate > LOADED * capacity || state.at - state.loweredAt < DRAINS_MS;
}

function act(state: LineState, view: View): LineState {
  const { phase } = state;
  switch (phase.kind) {
    case "listen":
      return listen(state, view, phase);
    case "discover":
      return discover(learnUsual(state, view, phase), view, phase);
    case "hold":
      return hold(state, view, phase);
    case "glance":
      return glance(state, view, phase);
    case "creep":
      return creep(state, view, phase);
    case "drain":
      return drain(state, view, phase);
    case "settle":
      return settle(state, view, phase);
    case "look":
      return lookOn(state, view, phase);
    case "track":
      return track(state, view, phase);
    case "yield":
      return makeRoom(state, view, phase);
    case "aside":
      return stayAside(state, view, phase);
    case "weigh":
      return weigh(state, view, phase);
    case "test":
      return test(state, view, phase);
    default:
      return assertNever(phase);
  }
}
