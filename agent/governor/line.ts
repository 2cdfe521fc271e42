/**
 * The line law: stays just below the knee where the uplink starts to queue, so that any queue is
 * somebody else's and is answered by making room at once. Pure: (state, sample, ceiling) → state.
 */
import { assertNever } from "../core/errors.ts";
import { baseRtt, HISTORY_MS, noDelays, observeDelays, queueQuantile, rebase } from "./delay.ts";
import { deliveredRate, leastAsked, losses, observeDelivery } from "./delivery.ts";
import type { LineState, Phase } from "./line-state.ts";
import type { LineSample, PeerSample, TrainSample } from "./sample.ts";

/** Share of the proven free rate that is used; the rest absorbs what nobody announces. */
const BELOW_KNEE = 0.975;
/** Kept while making room: enough to keep connections alive and to be measured by. */
const FLOOR = 100_000;
const FLOOR_SHARE = 0.01;
const START = 500_000;
const LOOK_SHARE = 0.06;
const TRICKLE = 0.04;
/** Share of the free rate that a train must find, and how often in a row. */
const TRAIN_FREE = 0.75;
const TRAINS_FREE = 2;
const ACTIVITY_FADE_MS = 8000;
/** Share that is left for each push after the first, and the least that is left for all. */
const PER_PUSH = 0.6;
const BUSIEST = 0.3;
const RAMP_MS = 50;
const LISTEN_MS = 1200;
/** Growth of successive creeping steps. */
const CREEP = [0.01, 0.01, 0.008, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08];
const CREEP_FIRST_MS = 4000;
const CREEP_LONGEST_MS = 5000;
const SILENCE_MS = 250;

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
    activity: 0,
    usual: 1,
    creepAt: at + CREEP_FIRST_MS,
    creepEvery: CREEP_FIRST_MS,
    knees: [],
    pushes: [],
    patience: 800,
    asideFor: 700,
    rampedAt: at,
    loweredAt: at,
    crowded: 0,
    shortSince: at,
    trainAt: at,
    trainHeardAt: Number.NEGATIVE_INFINITY,
    peersSlowUntil: at,
    caution: Number.POSITIVE_INFINITY,
    shallow: false,
    lossRate: 0,
    demandAt: at,
    startedAt: at,
    at,
  };
}

/** Loss that comes without a queue is the line's own, and no reason to give way. */
function learnLoss(state: LineState, view: View): number {
  const { kind } = state.phase;
  const calm = (kind === "hold" || kind === "discover") && view.median < view.knee;
  if (!calm || view.segments < 5) {
    return state.lossRate;
  }
  return state.lossRate + 0.005 * (Math.min(0.2, view.lost / view.segments) - state.lossRate);
}

/** Milliseconds that a full packet takes on the line. */
const mtuTime = (state: LineState) => 12e6 / Math.max(state.capacity ?? state.rate, START);

/** What our own segments may wait for one another; none of it is noise of the path. */
const burstOf = (state: LineState) => (state.capacity === undefined ? 0 : 2.5 * mtuTime(state));

const floorOf = (state: LineState) => Math.max(FLOOR, FLOOR_SHARE * (state.capacity ?? 0));

/** What one tick's samples mean, in the law's own terms. */
interface View {
  readonly at: number;
  readonly rtt: number;
  readonly mtu: number;
  readonly high: number;
  readonly knee: number;
  /** The same for a step of our own, where any rise over the usual is our doing. */
  readonly edge: number;
  readonly calm: number;
  readonly back: number;
  readonly clear: number;
  readonly median: number;
  readonly newest: number;
  readonly bad: boolean;
  /** Over a short window, and over one long enough to compare with what was asked. */
  readonly delivered: number;
  readonly steady: number;
  readonly keepsUp: boolean;
  readonly crowded: boolean;
  readonly short: boolean;
  readonly lost: number;
  readonly segments: number;
  readonly lossy: boolean;
  readonly silent: boolean;
  readonly excess: number | undefined;
  /** What a train of probes found one more flow to get. */
  readonly train: TrainSample | undefined;
}

/** One tick. The result's `rate` is what to send at until the next. */
export function stepLine(before: LineState, sample: LineSample, limits: LineLimits): LineState {
  const state = observe(before, sample);
  const view = look(state, sample);
  const crowded = view.crowded ? state.crowded + 1 : 0;
  const shortSince = view.short ? state.shortSince : view.at;
  const lossRate = learnLoss(state, view);
  const next = act({ ...state, crowded, shortSince, lossRate }, view);
  return { ...next, rate: Math.min(next.rate, limits.ceiling) };
}

function observe(state: LineState, sample: LineSample): LineState {
  const { at, peers } = sample;
  const fade = Math.exp(-(at - state.at) / ACTIVITY_FADE_MS);
  return {
    ...state,
    delay: observeDelays(state.delay, sample.delays, at, burstOf(state)),
    delivery: peers ? observeDelivery(state.delivery, at, peers, state.rate) : [],
    activity: state.activity * fade,
    trainHeardAt: sample.train?.rate === undefined ? state.trainHeardAt : at,
    demandAt: peers && peers.busy > 0 ? at : state.demandAt,
    knees: state.knees.filter((t) => t > at - 4000),
    pushes: state.pushes.filter((t) => t > at - 6000),
    at,
  };
}

function look(state: LineState, sample: LineSample): View {
  const { at } = sample;
  const { delay, delivery } = state;
  const rtt = baseRtt(delay) ?? sample.peers?.rtt ?? 50;
  const mtu = mtuTime(state);
  const { jitter } = delay;
  const high = Math.max(8, 4 + 3 * jitter, state.usual + 6) + 3 * mtu;
  const knee = state.usual + Math.max(2, 2 * jitter) + 1.5 * mtu;
  const newest = delay.queue.at(-1)?.queue ?? 0;
  const last = delay.queue.slice(-3);
  const raised = last.filter((s) => s.queue > high).length;
  const silent = at - delay.answeredAt > SILENCE_MS + rtt;
  const delivered = deliveredRate(delivery, at, Math.max(120, 60 * mtu)) ?? 0;
  const window = Math.max(200, 40 * (12e6 / state.rate));
  const steady = deliveredRate(delivery, at, window) ?? 0;
  const asked = leastAsked(delivery, at, window + 100 + rtt, rtt);
  const { lost, segments } = losses(delivery, at, 150);
  // Before the line's own loss is known, a little of it must not end the search.
  const tolerated = state.phase.kind === "discover" ? 0.08 : 0.03;
  // A full downlink delays the peers' acknowledgements too; that is no crowd on the way out.
  const back = Math.max(0, ...delay.queue.slice(-12).map((s) => s.back));
  const excess = crowding(sample.peers, delivered, back);
  const median = queueQuantile(since(state), at, Math.max(200, 60 * mtu), 0.5) ?? 0;
  return {
    at,
    rtt,
    mtu,
    high,
    knee,
    edge: state.usual + 1 + 0.5 * jitter + 0.5 * mtu,
    calm: state.usual + 0.5 + 0.2 * jitter + 0.2 * mtu,
    back,
    clear: 2 + 2 * jitter + 1.5 * mtu,
    median,
    newest,
    bad: raised >= 2 || (last.at(-1)?.at === at && newest > 2.5 * high) || silent,
    delivered,
    steady,
    keepsUp: steady >= 0.8 * asked,
    crowded:
      excess !== undefined &&
      excess > Math.max(8, knee + 4) + 3 * mtu &&
      median < 0.5 * high &&
      asked > 1e6 &&
      steady < 0.93 * asked &&
      // Far less is TCP still finding its feet after a pause.
      steady > 0.25 * asked,
    lost,
    segments,
    short:
      steady < 0.93 * asked &&
      asked > 1e6 &&
      back < 3 &&
      (sample.peers?.waiting ?? 0) > 0 &&
      (lost > 2 * state.lossRate * segments || (excess ?? 0) > 2),
    // What was lost before the last decrease is only told a round trip or two after it.
    lossy:
      lost >= 3 &&
      lost > (tolerated + 4 * state.lossRate) * segments &&
      at - state.loweredAt > 300 + 2 * rtt,
    silent,
    excess,
    train: sample.train,
  };
}

/**
 * Queue that only our own flows see. The smoothed round trip is stale after a pause, so what is in
 * flight for the rate that arrives (Little's law) has to agree.
 */
function crowding(peers: PeerSample | undefined, delivered: number, back: number) {
  if (peers?.excess === undefined || peers.rtt === undefined || delivered <= 0) return undefined;
  const waiting = (peers.inFlight * 8000) / delivered - peers.rtt;
  return Math.max(0, Math.min(peers.excess, waiting) - back);
}

/** Samples whose probes left before the last decrease of rate say nothing about it. */
function since(state: LineState) {
  const queue = state.delay.queue.filter((s) => s.sentAt >= state.loweredAt);
  return { ...state.delay, queue };
}

function act(state: LineState, view: View): LineState {
  const { phase } = state;
  switch (phase.kind) {
    case "listen":
      return listen(state, view, phase);
    case "discover":
      return discover(learnUsual(state, view, phase), view);
    case "hold":
      return hold(state, view, phase);
    case "creep":
      return creep(state, view, phase);
    case "drain":
      return drain(state, view, phase);
    case "settle":
      return settle(state, view, phase);
    case "look":
      return lookOn(state, view, phase);
    case "yield":
      return makeRoom(state, view, phase);
    case "aside":
      return stayAside(state, view, phase);
    case "test":
      return test(state, view, phase);
    default:
      return assertNever(phase);
  }
}

function listen(state: LineState, view: View, phase: Phase & { kind: "listen" }): LineState {
  const enough = view.at - phase.since >= LISTEN_MS && state.delay.queue.length >= 10;
  if (!enough) return { ...state, rate: START };
  const spread = queueQuantile(state.delay, view.at, HISTORY_MS, 0.8) ?? 0;
  if (spread > view.clear + 2) return toYield(state, view);
  return state.available === undefined
    ? { ...state, phase: { kind: "discover", since: view.at }, rate: START }
    : resume(state, view, 0.5);
}

function discover(state: LineState, view: View): LineState {
  if (view.bad || view.lossy || state.crowded >= 3) {
    const found = Math.max(START, Math.min(view.delivered, state.rate));
    const next = toSettle({ ...state, available: found, capacity: found }, view, found);
    return { ...next, phase: { kind: "drain", since: view.at }, rate: 0.4 * found };
  }
  const step = Math.max(RAMP_MS, 0.4 * view.rtt);
  if (!view.keepsUp || view.median > view.knee || view.at - state.rampedAt < step) return state;
  return { ...state, rate: Math.max(START, state.rate * 1.13), rampedAt: view.at };
}

/** The rate to hold: below the knee, and lower the busier the home has been. */
function target(state: LineState): number {
  const activity = Math.max(0, state.activity - 1);
  return (state.available ?? START) * Math.max(BUSIEST, BELOW_KNEE * PER_PUSH ** activity);
}

function hold(state: LineState, view: View, phase: Phase & { kind: "hold" }): LineState {
  if (view.bad) return push(state, view);
  if (state.crowded >= 3 && view.at > state.peersSlowUntil) return toAside(state, view);
  if (
    (view.median > view.knee || view.lossy) &&
    view.at - phase.since > Math.max(100, 40 * view.mtu)
  ) {
    return atKnee(state, view);
  }
  if (view.at - state.shortSince > Math.max(500, 3 * view.rtt)) return notThatMuch(state, view);
  const wanted = target(state);
  // Nobody asked for a while: what was free then need not be free now.
  if (view.at - state.demandAt > 5000)
    return { ...state, rate: Math.min(state.rate, 0.5 * wanted) };
  const calm = learnUsual(state, view, phase);
  if (state.rate > wanted) return { ...calm, rate: wanted };
  if (!view.keepsUp) return calm;
  const reached = state.rate >= 0.99 * wanted;
  if (reached && view.at >= state.creepAt && state.activity < 1 && view.at - phase.since > 1500) {
    return {
      ...calm,
      phase: { kind: "creep", since: view.at, step: 0 },
      rate: wanted * (1 + (CREEP[0] ?? 0)),
    };
  }
  if (view.at - state.rampedAt < RAMP_MS) return calm;
  const careful = state.rate > 0.95 * state.caution && view.at - phase.since < 4000;
  const faster =
    state.rate < 0.9 * wanted && !careful
      ? Math.min(0.9 * wanted, Math.max(START, state.rate * 1.2))
      : Math.max(START, state.rate * 1.01);
  return { ...calm, rate: Math.min(wanted, faster), rampedAt: view.at };
}

/** Follows the typical queue while it is certainly not a standing one. */
function learnUsual(state: LineState, view: View, phase: Phase): LineState {
  if (view.at - phase.since < 300 || state.delay.queue.at(-1)?.at !== view.at) return state;
  const bound = 2 + Math.min(10, 3 * view.mtu) + 3 * state.delay.jitter;
  const usual = state.usual + 0.01 * (view.median - state.usual);
  return { ...state, usual: Math.min(bound, usual) };
}

/** More than is free, but only just: note what is free and let the queue go. */
function atKnee(state: LineState, view: View): LineState {
  const knees = [...state.knees, view.at];
  // Someone who takes whatever is left shows as one knee after another.
  if (knees.filter((t) => t > view.at - 2000).length >= 3) return push({ ...state, knees }, view);
  // A filling downlink holds acknowledgements back: less arrives than was delivered.
  const queued = view.median > view.knee;
  const least = (view.back > 3 || !queued ? 0.88 : 0.5) * state.rate;
  const free = Math.min(state.rate, Math.max(view.delivered, least));
  const next = { ...waitLonger(state, view, free), knees, available: free };
  return toSettle({ ...next, activity: state.activity + 0.2 }, view, free);
}

/** Less arrives than is sent, with loss or a queue of our own: what was believed free is not. */
function notThatMuch(state: LineState, view: View): LineState {
  const free = Math.max(START, view.steady);
  const next = { ...waitLonger(state, view, free), available: free, shortSince: view.at };
  return toSettle({ ...next, capacity: Math.max(free, 0.9 * (state.capacity ?? 0)) }, view, free);
}

function waitLonger(state: LineState, view: View, free: number): LineState {
  const same = Math.abs(free - (state.available ?? 0)) < 0.03 * free;
  const low = free < 0.93 * (state.capacity ?? free);
  const soon = !same || low;
  const creepEvery = soon ? CREEP_FIRST_MS : Math.min(CREEP_LONGEST_MS, state.creepEvery * 1.5);
  // Not at the same time as another box of this home: a fifth more or less, by no pattern.
  const apart = 0.8 + 0.4 * ((view.at * 0.618034) % 1);
  const capacity = state.capacity ?? free;
  // What failed twice at the same height is the line's own, not somebody's passing use of it.
  const believed = same ? free + 0.7 * (capacity - free) : capacity;
  return {
    ...state,
    capacity: Math.max(free, believed),
    creepEvery,
    creepAt: view.at + creepEvery * apart,
  };
}

function toSettle(state: LineState, view: View, free: number): LineState {
  return {
    ...state,
    phase: { kind: "settle", since: view.at, resume: 0.93 * free },
    rate: 0.85 * free,
    loweredAt: view.at,
    creepAt: Math.max(state.creepAt, view.at + CREEP_FIRST_MS),
  };
}

function creep(state: LineState, view: View, phase: Phase & { kind: "creep" }): LineState {
  const crowded = view.excess !== undefined && view.excess > view.knee + 4 && !view.keepsUp;
  if (view.newest > 2.5 * view.high && view.bad) return push(state, view);
  const waited = view.at - phase.since;
  const period = Math.max(200, view.rtt + 120, 70 * view.mtu);
  const stuck = view.median > view.calm && waited > 2 * period;
  if (view.bad || view.lossy || crowded || view.median > view.edge || stuck) {
    const known = 0.985 * (state.available ?? 0);
    const free = Math.min(state.rate, Math.max(view.steady, known));
    return toSettle({ ...waitLonger(state, view, free), available: free }, view, free);
  }
  if (waited < period || view.median > view.calm) return state;
  if (!view.keepsUp) return waited < 1000 ? state : toHold(state, view);
  const available = Math.max(state.available ?? 0, Math.min(state.rate, view.steady * 1.02));
  const step = phase.step + 1;
  const grown = state.rate * (1 + (CREEP[Math.min(step, CREEP.length - 1)] ?? 0));
  return {
    ...state,
    available,
    capacity: Math.max(state.capacity ?? 0, available),
    phase: { kind: "creep", since: view.at, step },
    rate: grown,
  };
}

const toHold = (state: LineState, view: View): LineState => ({
  ...state,
  phase: { kind: "hold", since: view.at },
  creepAt: Math.max(state.creepAt, view.at + CREEP_FIRST_MS),
});

function settle(state: LineState, view: View, phase: Phase & { kind: "settle" }): LineState {
  const waited = view.at - phase.since;
  const after = state.delay.queue.filter((s) => s.sentAt >= phase.since);
  if (after.length >= 2 && after.slice(-2).every((s) => s.queue < view.knee)) {
    return { ...toHold(state, view), rate: Math.min(phase.resume, target(state)) };
  }
  if (waited > view.rtt + 60 && view.bad) return push(state, view);
  return waited > view.rtt + 700 ? push(state, view) : state;
}

/** While a queue of our own making drains, what is delivered is what the line can do. */
function drain(state: LineState, view: View, phase: Phase & { kind: "drain" }): LineState {
  const waited = view.at - phase.since;
  const found = waited < view.rtt + 150 ? Math.max(state.available ?? 0, view.delivered) : 0;
  const available = Math.max(state.available ?? START, found);
  const after = state.delay.queue.filter((s) => s.sentAt >= phase.since);
  if (after.length >= 2 && after.slice(-2).every((s) => s.queue < view.knee)) {
    return resume({ ...state, available, capacity: available }, view, 0.9);
  }
  const next = { ...state, available, capacity: available };
  return waited > view.rtt + 500 ? push(next, view) : next;
}

/** Someone else wants the line: nearly stop, then look what happens. */
function push(state: LineState, view: View): LineState {
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
    shallow: view.lost >= 3 + 4 * state.lossRate * view.segments,
  };
}

function lookOn(state: LineState, view: View, phase: Phase & { kind: "look" }): LineState {
  const waited = view.at - phase.since;
  // While the queue stands the line delivers all it can, and of ours what our part in it is.
  const draining = waited > 100 && waited < 120 + view.rtt && view.newest > view.knee;
  const drained = draining ? Math.max(phase.drained, view.delivered) : phase.drained;
  const next: LineState = { ...state, phase: { ...phase, drained } };
  const after = state.delay.queue.filter((s) => s.sentAt >= phase.since);
  const clear = after.length >= 3 && after.slice(-3).every((s) => s.queue < view.clear);
  if (waited < 300 + view.rtt || !clear) {
    return waited > 800 + 1.5 * view.rtt ? toYield(state, view) : next;
  }
  const again = state.pushes.filter((t) => t > view.at - 3500).length >= 2;
  if (again || state.shallow) return toYield(state, view);
  const caution = Math.min(state.caution, drained > 0 ? drained : Number.POSITIVE_INFINITY);
  const rate = Math.max(2 * floorOf(state), Math.min(0.5 * target(state), 0.85 * caution));
  return { ...resume({ ...state, caution }, view, 0.5), rate };
}

/** Comes back at a share of what was free, ramping from there. */
function resume(state: LineState, view: View, share: number): LineState {
  const rate = Math.max(2 * floorOf(state), share * target(state));
  return { ...toHold(state, view), rate, rampedAt: view.at };
}

function toYield(state: LineState, view: View): LineState {
  return {
    ...state,
    phase: { kind: "yield", since: view.at, until: view.at + state.patience },
    rate: floorOf(state),
    loweredAt: view.at,
  };
}

function makeRoom(state: LineState, view: View, phase: Phase & { kind: "yield" }): LineState {
  const isClear = (window: number) =>
    !view.silent && (queueQuantile(state.delay, view.at, window, 0.85) ?? 99) < view.clear;
  if (!isClear(250)) return { ...state, ...baseMoved(state, view, phase), rate: floorOf(state) };
  if (view.at < phase.until || !isClear(state.patience)) {
    // Enough to refresh what TCP believes of the way, so that it can follow when we come back.
    return { ...state, rate: Math.max(floorOf(state), TRICKLE * (state.available ?? 0)) };
  }
  if (state.available === undefined) {
    return { ...state, phase: { kind: "discover", since: view.at }, rate: START };
  }
  const available = state.capacity ?? state.available;
  const patience = state.pushes.length > 2 ? Math.min(4000, state.patience * 1.5) : 800;
  return resume({ ...state, available, patience }, view, 0.25);
}

/** A queue that stands still for long is no queue: the way has become longer. */
function baseMoved(state: LineState, view: View, phase: Phase & { kind: "yield" }) {
  if (view.at - phase.since < 12_000) return {};
  const low = queueQuantile(state.delay, view.at, HISTORY_MS, 0.1) ?? 0;
  const high = queueQuantile(state.delay, view.at, HISTORY_MS, 0.9) ?? 0;
  const still = high - low < 2.5 + 2 * state.delay.jitter + view.mtu;
  return still && low > view.clear ? { delay: rebase(state.delay) } : {};
}

function toAside(state: LineState, view: View): LineState {
  return {
    ...state,
    phase: { kind: "aside", since: view.at, free: 0 },
    rate: floorOf(state),
    loweredAt: view.at,
    trainAt: view.at,
    crowded: 0,
  };
}

function stayAside(state: LineState, view: View, phase: Phase & { kind: "aside" }): LineState {
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

function test(state: LineState, view: View, phase: Phase & { kind: "test" }): LineState {
  if (view.bad) return push(state, view);
  const waited = view.at - phase.since;
  if (waited > view.rtt && view.excess !== undefined && view.excess > view.knee + 4) {
    return toAside({ ...state, asideFor: Math.min(4000, state.asideFor * 1.5) }, view);
  }
  if (waited < 100 + 1.5 * view.rtt) return state;
  return { ...resume({ ...state, asideFor: 700 }, view, 0.9), crowded: 0 };
}
