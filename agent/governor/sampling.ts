/** From what the sockets and probes say to the samples that the decision takes. Pure. */
import type { ProbeReply, ProbeTarget, TrainReply } from "../../hardware/probe.ts";
import type { PeerFlow, PeerReading } from "../../hardware/sockets.ts";
import {
  type Bytes,
  bitsPerSecond,
  bytes,
  type Milliseconds,
  milliseconds,
} from "../core/units.ts";
import { isBusy } from "./allocation.ts";
import {
  type DelaySample,
  type LineSample,
  PEERS_TARGET,
  type PeerSample,
  type TrainSample,
} from "./sample.ts";

/** Ethernet's header, which the network card counts and TCP does not know. */
const CARD_HEADER = 14 / 1500;
const HEADERS = 52;
/** Fewer packets than this are no measurement. */
const LEAST_TRAIN = 4;
/** Nothing on its way and nothing sent for so long: what waits, waits for the peer. The first of those that we slow down sends sooner. */
const SHUT_MS = 1000;

export const onCard = (line: number): Bytes => bytes(line * (1 + CARD_HEADER));

/** A short name: places are told apart, but a recording tells nobody's address. */
export const placeName = (target: ProbeTarget, places: readonly ProbeTarget[]) =>
  `${target.kind}-${places.findIndex((place) => isSame(place, target))}`;

export function takeSample(
  at: Milliseconds,
  reading: PeerReading | undefined,
  replies: readonly ProbeReply[],
  places: readonly ProbeTarget[],
  probesSilent: boolean,
  train?: TrainReply,
): LineSample {
  const delays = replies.map(
    (reply): DelaySample => ({
      target: placeName(reply.target, places),
      sentAt: reply.sentAt,
      rtt: reply.rtt,
      ...(reply.outward !== undefined && { outward: reply.outward }),
    }),
  );
  const peers = reading && peerSample(reading);
  const instead = probesSilent && reading ? peerDelay(reading, at) : undefined;
  return {
    at,
    delays: instead ? [...delays, instead] : delays,
    ...(peers && { peers }),
    ...(train && { train: trainSample(train) }),
  };
}

function peerSample(reading: PeerReading): PeerSample {
  const busy = reading.flows.filter(isBusy);
  const loaded = busy.filter(hasRoundTrip);
  const least = (value: (flow: PeerFlow) => number) => milliseconds(Math.min(...loaded.map(value)));
  return {
    acknowledged: reading.acknowledged,
    sent: reading.sent,
    retransmitted: reading.retransmitted,
    marked: reading.marked,
    busy: busy.length,
    inFlight: bytes(busy.reduce((sum, f) => sum + f.inFlight * (f.segment + HEADERS), 0)),
    waiting: bytes(busy.reduce((sum, f) => sum + (isShut(f) ? 0 : f.notSent), 0)),
    ...(loaded.length > 0 && {
      excess: least((flow) => flow.rtt - flow.minRtt),
      rtt: least((flow) => flow.minRtt),
      unheard: least((flow) => flow.unheard),
    }),
  };
}

function trainSample({ sentAt, packets, bits, spread }: TrainReply): TrainSample {
  if (packets < LEAST_TRAIN || spread <= 0) return { sentAt };
  return { sentAt, rate: bitsPerSecond((bits * 1000) / spread), spread };
}

/** Where no probe answers, the peers' own round trips have to do. */
function peerDelay(reading: PeerReading, at: Milliseconds): DelaySample | undefined {
  const loaded = reading.flows.filter((flow) => isBusy(flow) && hasRoundTrip(flow));
  if (loaded.length === 0) return undefined;
  const rtt = milliseconds(Math.min(...loaded.map((flow) => flow.rtt)));
  return { target: PEERS_TARGET, sentAt: milliseconds(at - rtt), rtt };
}

/** The kernel says 2^32 − 1 microseconds before the first measurement. */
const hasRoundTrip = (flow: PeerFlow) =>
  flow.inFlight >= 2 && flow.rtt > 0 && flow.minRtt > 0 && flow.minRtt < 1e6;

/** The peer's receive window is: a player that is paused, or reads in gulps. */
const isShut = (flow: PeerFlow) => flow.inFlight === 0 && flow.quiet > SHUT_MS;

const isSame = (a: ProbeTarget, b: ProbeTarget) =>
  a.kind === b.kind && a.address === b.address && a.port === b.port;
