/**
 * Splits the governor's rate over the peers' connections. TCP sends at least two segments at a
 * time, so the fewer connections send at once, the smaller the queue that their bursts make.
 */
import type { PeerFlow } from "../../hardware/sockets.ts";
import { type BitsPerSecond, bitsPerSecond } from "../core/units.ts";

/** What a connection waits with: two segments at this rate take 100 ms, then it can go faster. */
const WAITING = 240_000;
/** Bursts of two full segments of all senders together may take this long on the line. */
const BURST_MS = 2.6;
const BURST_BITS = 2 * 1500 * 8;
/** How long one sender keeps its turn when there are more than may send at once. */
const TURN_MS = 10_000;

export interface Allocation {
  readonly rates: ReadonlyMap<string, BitsPerSecond>;
  /** For connections that are not known yet. */
  readonly fresh: BitsPerSecond;
}

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
  evenly: boolean,
): Allocation {
  const streams = mostStreams(rate);
  const busy = flows.filter(isBusy);
  const rates = new Map<string, BitsPerSecond>();
  if (evenly) return allocateEvenly(flows, busy, rate);
  const waiting = bitsPerSecond(Math.min(WAITING, rate / Math.max(4, 2 * busy.length)));
  for (const flow of flows) rates.set(flow.id, waiting);
  const first = busy.length > streams ? Math.floor(at / TURN_MS) % busy.length : 0;
  const senders = [...busy.slice(first), ...busy.slice(0, first)].slice(0, streams);
  const share = rate - waiting * (busy.length - senders.length);
  for (const flow of senders) rates.set(flow.id, bitsPerSecond(share / senders.length));
  return { rates, fresh: busy.length === 0 ? bitsPerSecond(rate / 2) : waiting };
}

function allocateEvenly(
  flows: readonly PeerFlow[],
  busy: readonly PeerFlow[],
  rate: BitsPerSecond,
): Allocation {
  const each = bitsPerSecond(rate / Math.max(1, busy.length));
  const idle = bitsPerSecond(Math.min(WAITING, rate / 4));
  const rates = new Map(flows.map((flow) => [flow.id, isBusy(flow) ? each : idle]));
  return { rates, fresh: busy.length === 0 ? bitsPerSecond(rate / 2) : idle };
}
