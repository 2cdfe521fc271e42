/**
 * Splits the governor's rate over the peers' connections. TCP sends at least two segments at a
 * time, so the fewer connections send at once, the smaller the queue that their bursts make: they
 * take turns, and a response that has begun is not interrupted for the next one.
 */
import type { PeerFlow } from "../../hardware/sockets.ts";
import { type BitsPerSecond, bitsPerSecond } from "../core/units.ts";
import { keepTurns, NEARLY_MS, passSoon, type Turns, takeTurns } from "./turns.ts";

/**
 * What a connection waits with. The kernel takes a higher rate into account with the next answer of
 * the peer, and two segments at the lower one still have to leave before: 200 ms at the least of
 * these. So the next ones in line wait with more.
 */
const WAITING = 240_000;
/**
 * On a slow line that is much: each segment of theirs meets the others'. So the next one has no more than this part of
 * the rate, and all others together little more.
 */
const LEAST_SHARE = 1 / 16;
const ALL_SHARE = 1 / 8;
/**
 * Each of these meets the others' segments on the line and makes the queue longer: where turns pass seldom they get
 * little until one does.
 */
const IN_LINE = {
  often: [
    { most: 1_000_000, share: 0.05 },
    { most: 500_000, share: 0.025 },
  ],
  seldom: [{ most: 500_000, share: 0.025 }],
  soon: [{ most: 2_000_000, share: 0.1 }],
} as const;
/** Share of the first in line while room is made for others, and pairs of segments that it may miss of that. */
const FIRST = 0.6;
const PAIRS = 3;
/** So long at the least: who has just been first still waits for the rate of before. */
const PATIENT_MS = 1000;
/** A rate that has risen by this counts after so many pairs of segments at the one of before, and surely after this. */
const RISEN = 1.5;
const STARTING_PAIRS = 2;
const LONGEST_START_MS = 3000;
/** Bursts of two full segments of all senders together may take this long on the line. */
const BURST_MS = 2.8;
const BURST_BITS = 2 * 1500 * 8;
/** Who looks so much later than the first moment at which a response nearly ends surely sees it. */
const SURELY_MS = 2;

/** How turns pass: as soon as responses end, after long ones, or not at all, for room is made and everybody is slow. */
export type Passing = "often" | "seldom" | "never";

/** What the next allocation has to know of the last. */
export interface Before {
  readonly rates: ReadonlyMap<string, BitsPerSecond>;
  readonly turns: Turns;
  /**
   * Until when a connection whose rate has risen may be silent: its next segments still leave at the rate of before.
   * Who was taken for stalled in that time would lose its turn, and the next one as well.
   */
  readonly startsBy: ReadonlyMap<string, number>;
}

export const nothingBefore: Before = { rates: new Map(), turns: new Map(), startsBy: new Map() };

export interface Allocation extends Before {
  /** For connections that are not known yet. */
  readonly fresh: BitsPerSecond;
  /** Milliseconds until the first of those that send has handed nearly all to the network, if it has no more at hand. */
  readonly endsIn: number;
}

/** How many connections may send at once on a line that has so much free: 2 at 20 Mbit/s, 1 below 17.1, 8 from 69 on. */
export const mostStreams = (free: BitsPerSecond) =>
  Math.min(8, Math.max(1, Math.floor((free * BURST_MS) / 1000 / BURST_BITS)));

export const isBusy = (flow: PeerFlow) => flow.notSent > 0 || flow.inFlight > 0;

/**
 * @param streams how many send at once: by what is free, for who has to stop in a moment of less does not come back at once.
 * @param passing "never" while so little may be sent that what counts is who can come back at once: a
 *   connection's next segment waits for the time that its rate was when the last one left.
 */
export function allocate(
  flows: readonly PeerFlow[],
  rate: BitsPerSecond,
  streams: number,
  at: number,
  before: Before,
  passing: Passing,
): Allocation {
  const split =
    passing === "never"
      ? splitLittle(flows, rate, at, before)
      : splitRate(flows, rate, streams, at, before, passing);
  return { ...split, startsBy: whenStarted(split.rates, at, before) };
}

type Split = Omit<Allocation, "startsBy">;

function splitRate(
  flows: readonly PeerFlow[],
  rate: BitsPerSecond,
  streams: number,
  at: number,
  before: Before,
  passing: "often" | "seldom",
): Split {
  const { turns, ending } = takeTurns(flows, rate, streams, at, before.turns, before.startsBy);
  const senders = [...turns].flatMap(([id, turn]) => (turn === "waits" ? [] : [id]));
  const waiting = [...turns.keys()].slice(senders.length);
  const soonOnce = passing === "seldom" && waiting.length > 0 && passSoon(turns, at);
  const line = IN_LINE[soonOnce ? "soon" : passing];
  const waitingRate = (place: number) => rateInLine(rate, place, waiting.length, line);
  const soon = waitingRate(0);
  // Who idles may begin before the next decision: beside others, or as one of those that may send.
  const alone = turns.size === 0;
  const idle = alone ? bitsPerSecond(rate / Math.max(2, streams)) : waitingRate(1);
  const rates = new Map(flows.map(({ id }) => [id, idle]));
  let left: number = rate;
  for (const [place, id] of waiting.entries()) {
    const waits = waitingRate(place);
    rates.set(id, waits);
    left -= waits;
  }
  // Who ends does so at its rate beside the next one, who has it already but waits for its first segments to leave.
  const atOnce = Math.max(1, Math.min(streams, senders.length));
  // Never nothing: a segment at such a rate would hold its connection back for hours.
  const share = bitsPerSecond(Math.max(soon, left / atOnce));
  for (const id of senders) rates.set(id, share);
  const rests = flows.flatMap(({ id, notSent }) =>
    typeof turns.get(id) === "number" && !ending.has(id) ? [notSent] : [],
  );
  const endsIn = Math.max(0, (Math.min(...rests) * 8000) / share - NEARLY_MS + SURELY_MS);
  return { rates, fresh: idle, turns, endsIn };
}

/** Nobody waits, and those send who did: at this rate another allocation would be the same. */
export function isSettled(
  flows: readonly PeerFlow[],
  streams: number,
  { rates, turns }: Allocation,
): boolean {
  if (flows.length !== rates.size || turns.size > streams) return false;
  return flows.every(({ id, notSent }) => rates.has(id) && turns.has(id) === notSent > 0);
}

function rateInLine(
  rate: BitsPerSecond,
  place: number,
  waiters: number,
  line: readonly { readonly most: number; readonly share: number }[],
): BitsPerSecond {
  const least = Math.min(
    WAITING,
    LEAST_SHARE * rate,
    place === 0 ? rate : (ALL_SHARE * rate) / waiters,
  );
  const { most, share } = line[place] ?? { most: 0, share: 0 };
  return bitsPerSecond(Math.max(least, Math.min(most, share * rate)));
}

function whenStarted(
  rates: Before["rates"],
  at: number,
  before: Before,
): ReadonlyMap<string, number> {
  const starts = [...rates].map(([id, rate]): readonly [string, number] => {
    const last = before.rates.get(id) ?? rate;
    const known = before.startsBy.get(id) ?? at;
    const started = rate > RISEN * last ? at + (STARTING_PAIRS * BURST_BITS * 1000) / last : at;
    return [id, Math.max(known, Math.min(started, at + LONGEST_START_MS))];
  });
  return new Map(starts.filter(([, by]) => by > at));
}

/** One is to come back at once, for then it may have nearly all, and the others a little later. */
function splitLittle(
  flows: readonly PeerFlow[],
  rate: BitsPerSecond,
  at: number,
  before: Before,
): Split {
  const patience = Math.max(PATIENT_MS, (PAIRS * BURST_BITS * 1000) / (FIRST * rate));
  const turns = keepTurns(flows, at, before.turns, patience);
  const busy = flows.filter(isBusy);
  const [first = busy[0]?.id] = turns.keys();
  const others = busy.filter(({ id }) => id !== first).length;
  const part = others === 0 ? 1 : FIRST;
  const rest = bitsPerSecond(((1 - part) * rate) / Math.max(1, others));
  const idle = bitsPerSecond(Math.min(WAITING, rate / 4));
  const rateOf = (flow: PeerFlow) => {
    if (!isBusy(flow)) return idle;
    return flow.id === first ? bitsPerSecond(part * rate) : rest;
  };
  const rates = new Map(flows.map((flow) => [flow.id, rateOf(flow)]));
  const fresh = busy.length === 0 ? bitsPerSecond(rate / 2) : idle;
  return { rates, fresh, turns, endsIn: Number.POSITIVE_INFINITY };
}
