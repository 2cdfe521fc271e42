/**
 * Splits the governor's rate over the peers' connections. TCP sends at least two segments at a
 * time, so the fewer connections send at once, the smaller the queue that their bursts make: they
 * take turns, and a response that has begun is not interrupted for the next one.
 */
import type { PeerFlow } from "../../hardware/sockets.ts";
import { type BitsPerSecond, bitsPerSecond } from "../core/units.ts";

/**
 * What a connection waits with: two segments at the least of it take 100 ms, at the most 24 ms, and
 * that long the line idles when its turn has come. All that wait together get so much of the rate.
 */
const WAITING = { least: 240_000, most: 1_000_000, share: 0.1 };
/** Bursts of two full segments of all senders together may take this long on the line. */
const BURST_MS = 2.6;
const BURST_BITS = 2 * 1500 * 8;
/** How long one sender keeps its turn when there are more than may send at once. */
const TURN_MS = 10_000;

export interface Allocation {
  readonly rates: ReadonlyMap<string, BitsPerSecond>;
  /** For connections that are not known yet. */
  readonly fresh: BitsPerSecond;
  readonly turns: Turns;
}

/** Connections with something to send, the one that has waited longest first: when its turn began, or that it waits. */
export type Turns = ReadonlyMap<string, number | "waits">;

/** How many connections may send at once at this rate: 2 at 20 Mbit/s, 1 below, 8 from 74 on. */
export const mostStreams = (rate: BitsPerSecond) =>
  Math.min(8, Math.max(1, Math.floor((rate * BURST_MS) / 1000 / BURST_BITS)));

export const isBusy = (flow: PeerFlow) => flow.notSent > 0 || flow.inFlight > 0;

/**
 * @param evenly while making room: a connection's next segment waits for the time that its rate was
 *   when the last one left, so who has the least comes back last.
 */
export function allocate(
  flows: readonly PeerFlow[],
  rate: BitsPerSecond,
  at: number,
  before: Turns,
  evenly: boolean,
): Allocation {
  const turns = takeTurns(flows, mostStreams(rate), at, before);
  if (evenly) return { ...allocateEvenly(flows, rate), turns };
  const senders = [...turns.values()].filter((turn) => turn !== "waits").length;
  const waiters = turns.size - senders;
  const waiting = waitingRate(rate, waiters);
  const share = bitsPerSecond((rate - waiting * waiters) / Math.max(1, senders));
  const sends = (id: string) => typeof turns.get(id) === "number";
  const rates = new Map(flows.map(({ id }) => [id, sends(id) ? share : waiting]));
  return { rates, fresh: turns.size === 0 ? bitsPerSecond(rate / 2) : waiting, turns };
}

/** Who has handed all to the network needs no turn, though not all of it has arrived. */
function takeTurns(flows: readonly PeerFlow[], streams: number, at: number, before: Turns): Turns {
  const hungry = new Set(flows.filter(({ notSent }) => notSent > 0).map(({ id }) => id));
  const known = [...before.keys()].filter((id) => hungry.delete(id));
  const line = [...known, ...hungry];
  const crowded = line.length > streams;
  const holds = (id: string) => {
    const since = before.get(id);
    return typeof since === "number" && !(crowded && at - since > TURN_MS);
  };
  const holders = line.filter(holds).slice(0, streams);
  const others = line.filter((id) => !holders.includes(id));
  // Whose turn has passed goes to the end of the line.
  const passed = others.filter((id) => typeof before.get(id) === "number");
  const waiting = [...others.filter((id) => !passed.includes(id)), ...passed];
  const next = waiting.splice(0, streams - holders.length);
  return new Map<string, number | "waits">([
    ...holders.map((id) => [id, before.get(id) ?? at] as const),
    ...next.map((id) => [id, at] as const),
    ...waiting.map((id) => [id, "waits"] as const),
  ]);
}

function waitingRate(rate: BitsPerSecond, waiters: number): BitsPerSecond {
  const each = (WAITING.share * rate) / Math.max(1, waiters);
  const least = Math.min(WAITING.least, rate / Math.max(4, 2 * (waiters + 1)));
  return bitsPerSecond(Math.min(WAITING.most, Math.max(least, each)));
}

function allocateEvenly(flows: readonly PeerFlow[], rate: BitsPerSecond) {
  const busy = flows.filter(isBusy).length;
  const each = bitsPerSecond(rate / Math.max(1, busy));
  const idle = bitsPerSecond(Math.min(WAITING.least, rate / 4));
  const rates = new Map(flows.map((flow) => [flow.id, isBusy(flow) ? each : idle]));
  return { rates, fresh: busy === 0 ? bitsPerSecond(rate / 2) : idle };
}
