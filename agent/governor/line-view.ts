/** What one tick's samples mean to the line law: queue, knee, deliveries, crowding, loss. */
import { baseRtt, type QueueSample, queueBack, queueQuantile } from "./delay.ts";
import { deliveredRate, leastAsked, losses, mostExcess } from "./delivery.ts";
import { arrivesAll, arrivesLess, arrivesNothing } from "./line-arrivals.ts";
import { isFar, mtuTime } from "./line-packets.ts";
import type { LineState } from "./line-state.ts";
import { type LineSample, PEERS_TARGET, type PeerSample, type TrainSample } from "./sample.ts";

const SILENCE_MS = 250;
/** So far above `high` one look is enough: no place was below it, and a line that falls fills quickly. */
export const SURELY = 1.6;
/** A probe's answer says so long how long the queue is. */
const FRESH_MS = 45;
const SURGE_MS = 3.5;
const SURGE_FAR_MS = 2.4;
/** From so far away he tolerates what his first two rounds make of a queue (an eighth of it, HyStart), and a false sign lasts. */
const TOLERANT_MS = 100;
/** Packets by which what leaves swings about what is asked for, and which `SURGE_MS` has room for. */
const USUAL_EXCESS = 4;
/** What left before this does not stand there any more. */
const EXCESS_MS = 170;
/** Packets of ours that may stand at once: on a slow line they take longer than somebody's on a fast one. */
const OWN_PACKETS = 5.5;
const OWN_SWING = 0.7;
/** Queue that only our own connections see, and packets of theirs that make one by themselves. */
const CROWD_MS = 2;
const OWN_PAIR = 3;
const PROBED_MS = 5000;
/** Of what is asked for: with less TCP is still finding its feet after a pause, and its round trips are of before. */
const FEET = 0.25;
const FEET_MS = 2000;

/** What one tick's samples mean, in the law's own terms. */
export interface View {
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
  /** A queue, and much less arrives than is sent: no step of ours does that. */
  readonly falls: boolean;
  /** A queue, but all that left before it arrives, or nothing at all: the line stood still, and nobody shares it. */
  readonly passes: boolean;
  /** The first sign of that, or of somebody who begins to send. */
  readonly dips: boolean;
  /** Over a short window, and over one long enough to compare with what was asked. */
  readonly delivered: number;
  readonly steady: number;
  /** The least that was asked for in the time of `steady`. */
  readonly asked: number;
  readonly keepsUp: boolean;
  /** More was at hand than arrived, so it was not the peers that wanted no more. */
  readonly heldBack: boolean;
  readonly crowded: boolean;
  readonly short: boolean;
  readonly lost: number;
  readonly segments: number;
  readonly lossy: boolean;
  readonly silent: boolean;
  readonly excess: number | undefined;
  /** What others at home send by the router's counters; 0 where these say nothing. */
  readonly others: number;
  /** What a train of probes found one more flow to get. */
  readonly train: TrainSample | undefined;
}

export function look(state: LineState, sample: LineSample): View {
  const { at } = sample;
  const { delay, delivery } = state;
  const rtt = baseRtt(delay) ?? sample.peers?.rtt ?? 50;
  const mtu = mtuTime(state);
  // Where a segment takes long, our own swing the queue more than the path does.
  const jitter = Math.max(delay.jitter, OWN_SWING * mtu);
  const high = Math.max(8, 4 + 3 * jitter, state.usual + 6) + 3 * mtu;
  const knee = state.usual + Math.max(2, 2 * jitter) + 1.5 * mtu;
  const newest = delay.queue.at(-1)?.queue ?? 0;
  const last = delay.queue.slice(-3);
  const raised = last.filter((s) => s.queue > high).length;
  const silent = isProbed(state) && at - delay.answeredAt > SILENCE_MS + rtt;
  // A full downlink delays the answers of probes and peers; that is no crowd on the way out.
  const back = queueBack(delay);
  const queued = queueAtLeast(state, sample, rtt + back);
  const less = arrivesLess(state, sample, rtt);
  const stopped = arrivesNothing(state, sample);
  // Of a line that has become slower, or is shared, something arrives.
  const falls = less && !stopped && queued > SURELY * high;
  const dips =
    (queued > Math.max(knee, OWN_PACKETS * mtu) && less) || (newest > knee && surges(state, mtu));
  const delivered = deliveredRate(delivery, at, Math.max(120, 60 * mtu)) ?? 0;
  const window = Math.max(200, 40 * (12e6 / state.rate));
  const steady = deliveredRate(delivery, at, window) ?? 0;
  const asked = leastAsked(delivery, at, window + 100 + rtt, rtt);
  const { lost, segments } = losses(delivery, at, 150);
  // Before the line's own loss is known, a little of it must not end the search.
  const tolerated = state.phase.kind === "discover" ? 0.08 : 0.03;
  const excess = crowding(sample.peers, delivered, back);
  const median = queueQuantile(since(state), at, Math.max(200, 100 * mtu), 0.5) ?? 0;
  return {
    at,
    rtt,
    mtu,
    high,
    knee,
    edge: state.usual + 1 + 0.5 * delay.jitter + 0.5 * mtu,
    calm: state.usual + 0.5 + 0.2 * jitter + 0.2 * mtu,
    back,
    clear: 2 + 2 * jitter + 1.5 * mtu,
    median,
    newest,
    bad: raised >= 2 || (last.at(-1)?.at === at && newest > SURELY * high) || silent || falls,
    falls,
    passes: !falls && !silent && (stopped || arrivesAll(state, rtt + queued)),
    dips,
    delivered,
    steady,
    asked,
    // An idle line is looked at seldom: no rate was asked for lately, so none is proven.
    keepsUp: steady >= 0.8 * asked && (asked > 0 || sample.peers?.busy !== 0),
    heldBack: steady < 0.8 * asked && (sample.peers?.waiting ?? 0) > 0,
    crowded:
      excess !== undefined &&
      excess > Math.max(8, knee + 4) + 3 * mtu &&
      median < 0.5 * high &&
      asked > 1e6 &&
      steady < 0.93 * asked &&
      steady > FEET * asked,
    lost,
    segments,
    short:
      steady < 0.93 * asked &&
      (steady > FEET * asked || !comesBack(state)) &&
      asked > 1e6 &&
      back < 3 &&
      (sample.peers?.waiting ?? 0) > 0 &&
      (lost > 2 * state.lossRate * segments || (excess ?? 0) > Math.max(CROWD_MS, OWN_PAIR * mtu)),
    // What was lost before the last decrease is only told a round trip or two after it.
    lossy:
      lost >= 3 &&
      lost > (tolerated + 4 * state.lossRate) * segments &&
      at - state.loweredAt > 300 + 2 * rtt,
    silent,
    excess,
    others: sample.householdUpload ?? 0,
    train: sample.train,
  };
}

/**
 * Milliseconds of queue that are known already. While it grows probes come back ever further apart, so
 * one that is late tells before it is there.
 *
 * @param rtt the way there and back, without a queue on the way out.
 */
function queueAtLeast({ delay, at }: LineState, { unanswered }: LineSample, rtt: number): number {
  const last = delay.queue.at(-1);
  const late = unanswered === undefined ? 0 : at - unanswered - rtt;
  return Math.max(last && at - last.at < FRESH_MS ? last.queue : 0, late);
}

/** Far more than a moment ago, and more than what we have just sent too much: what somebody's first packets make. */
function surges(state: LineState, mtu: number): boolean {
  const { delay, delivery, at, capacity = state.rate } = state;
  const last = delay.queue.at(-1);
  const before = delay.queue.slice(-7, -1);
  if (last?.at !== at || before.length < 6) return false;
  const usual = before.map(({ queue }) => queue).sort((a, b) => a - b)[3] ?? 0;
  const far = isFar(state);
  const early = far && (baseRtt(delay) ?? 0) < TOLERANT_MS;
  const ours = Math.max((early ? SURGE_FAR_MS : SURGE_MS) + mtu, OWN_PACKETS * mtu);
  const excess = (mostExcess(delivery, at - EXCESS_MS, last.sentAt) * 1000) / capacity;
  const own = Math.max(0, excess - (far ? USUAL_EXCESS * mtu : 0));
  const stepped = far ? ofOurStep(state, before, last.sentAt, usual) : 0;
  return last.queue - usual - own - stepped > Math.max(ours, 3 * delay.jitter + mtu);
}

/** Milliseconds above the usual that a step of ours above what is free has made, while it lasts and while it settles. */
function ofOurStep(
  { phase, rate, available = rate }: LineState,
  before: readonly QueueSample[],
  until: number,
  usual: number,
): number {
  // The usual one is of half as many samples ago.
  const passed = until - (before.at(-3)?.sentAt ?? until);
  if (phase.kind === "creep") return Math.max(0, rate / available - 1) * passed;
  if (phase.kind !== "settle") return 0;
  const met = before.filter(({ sentAt }) => sentAt < phase.since).map(({ queue }) => queue);
  return Math.max(0, Math.max(...met) - usual);
}

/** We hold, and have not for long. */
const comesBack = ({ phase, at }: LineState) => phase.kind === "hold" && at - phase.since < FEET_MS;

/** Where no probe answers at all, peers that are silent have nothing to say: that is no queue. */
const isProbed = ({ delay, at }: LineState) =>
  Object.entries(delay.places).some(
    ([name, { last }]) => name !== PEERS_TARGET && at - last.at < PROBED_MS,
  );

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
export function since(state: LineState) {
  const { queue } = state.delay;
  if ((queue[0]?.sentAt ?? 0) >= state.loweredAt) return state.delay;
  return { ...state.delay, queue: queue.filter((s) => s.sentAt >= state.loweredAt) };
}
