/**
 * The whole decision, pure: samples + policy + previous state + now → state, verdict and what to
 * measure next. Policy closes first, then the console's comfort, then the line decides the rate.
 */
import { type BitsPerSecond, type Bytes, bitsPerSecond } from "../core/units.ts";
import { mostStreams } from "./allocation.ts";
import {
  atEase,
  type BoardSample,
  type ComfortState,
  checkComfort,
  observeBoard,
} from "./comfort.ts";
import { restLine, startLine, stepLine } from "./line.ts";
import type { LineState } from "./line-state.ts";
import { evenPart, type Neighbours } from "./neighbours.ts";
import { checkPolicy, type Policy } from "./policy.ts";
import { type Probing, probing } from "./probing.ts";
import { type LineSample, PEERS_TARGET } from "./sample.ts";
import {
  confidence,
  lineSignals,
  missingSignals,
  type Signal,
  type SignalState,
} from "./signals.ts";
import type { Reason, Verdict } from "./verdict.ts";
import { addVolume, type Moment, type Volume } from "./volume.ts";

export interface Samples {
  readonly line: LineSample;
  /** Present when the board was read since the last tick. */
  readonly board?: BoardSample;
  /** Present when the router was read since the last tick: false without a default route. */
  readonly online?: boolean;
  /** Present when the home was listened to since the last tick. */
  readonly neighbours?: Neighbours;
  /** Sent to peers since the last tick, with Ethernet headers, as the network card counts. */
  readonly sent: Bytes;
}

export type Now = Moment;

export interface GovernorState {
  readonly line: LineState;
  readonly comfort: ComfortState;
  readonly board?: BoardSample;
  readonly signals: SignalState;
  readonly online?: boolean;
  readonly neighbours?: Neighbours;
  /** What the line was found to carry while no other box of this home was heard, in bits per second. */
  readonly alone?: number;
  readonly volume: Volume;
}

export interface Decision extends Probing {
  readonly state: GovernorState;
  readonly verdict: Verdict;
  /**
   * Pacing is the only brake that is wanted. Reno's window grows to twice what is paced and stays
   * there, where CUBIC leaves slow start at the first longer round trip and then limits us itself.
   * BBR alone does not take random loss for congestion, and sends single segments below 1.2 Mbit/s where
   * the others send pairs, but comes back more slowly.
   */
  readonly congestionControl: "reno" | "bbr";
  /** Whether probes may be sent: not where people or their limits forbid sharing, for they are volume too. */
  readonly probes: boolean;
  readonly missing: readonly Signal[];
}

/** Loss from which Reno no longer fills a home's line. */
export const LOSSY = 0.004;
/** Bits per second below which a pair of segments takes more than 20 ms. */
const SLOWEST = 1.2e6;
/** How long the signals have at the start before they count as missing. */
const SETTLING_MS = 5000;

export function startGovernor(volume: Volume, now: Now, capacity?: BitsPerSecond): GovernorState {
  return { line: startLine(now.monotonic, capacity), comfort: atEase, signals: {}, volume };
}

export function decide(
  samples: Samples,
  policy: Policy,
  before: GovernorState,
  now: Now,
): Decision {
  const observed = observe(samples, before, now);
  const gate = checkGates(observed, policy, now);
  const line = gate.open
    ? stepLine(observed.line, samples.line, gate)
    : restLine(observed.line, samples.line);
  const isAlone = (observed.neighbours?.wanted.length ?? 0) === 0;
  const state = {
    ...observed,
    line,
    ...(isAlone && line.capacity !== undefined && { alone: line.capacity }),
  };
  const probes = gate.open || gate.probes;
  const verdict: Verdict = gate.open ? share(line, gate) : { state: "held", reason: gate.reason };
  return {
    state,
    verdict,
    ...probing(line, gate.open, samples.line),
    probes,
    congestionControl:
      line.lossRate > LOSSY || (line.capacity ?? SLOWEST) < SLOWEST ? "bbr" : "reno",
    missing: missingSignals(state.signals, now.monotonic, state.board).filter(
      (signal) => probes || signal !== "delay-probes",
    ),
  };
}

function observe(samples: Samples, before: GovernorState, now: Now): GovernorState {
  const { line, board, online, neighbours, sent } = samples;
  const at = now.monotonic;
  return {
    ...before,
    ...(board && { board, comfort: observeBoard(before.comfort, board) }),
    ...(online !== undefined && { online }),
    ...(neighbours && { neighbours }),
    signals: {
      ...before.signals,
      ...(line.delays.some((delay) => delay.target !== PEERS_TARGET) && { probesAt: at }),
      ...(line.peers && { peersAt: at }),
      ...(online === true && { routerAt: at }),
    },
    volume: addVolume(before.volume, sent, now),
  };
}

type Gate =
  | { readonly open: true; readonly ceiling: number; readonly reason?: Reason }
  | { readonly open: false; readonly reason: Reason; readonly probes: boolean };

function checkGates(state: GovernorState, policy: Policy, now: Now): Gate {
  const allowed = checkPolicy(policy, state.volume, new Date(now.wall));
  if (!allowed.open) return { ...allowed, probes: false };
  const comfort = checkComfort(state.comfort, state.board);
  const shut = (reason: Reason): Gate => ({ open: false, reason, probes: true });
  if (!comfort.fine) return shut(comfort.reason);
  if (state.online === false) return shut("offline");
  const trust = confidence(lineSignals(state.signals, now.monotonic));
  const settling = now.monotonic - state.line.startedAt < SETTLING_MS;
  if (trust === 0 && !settling) return shut("line-unknown");
  const known = state.line.capacity ?? Number.POSITIVE_INFINITY;
  const part = Math.min(trust, policy.share / 100);
  // A full share is no ceiling at all, or the line could never turn out to carry more.
  const line = part < 1 ? part * known : Number.POSITIVE_INFINITY;
  const bounds: readonly (readonly [number, Reason | undefined])[] = [
    [allowed.ceiling, "rate-limited"],
    [comfort.ceiling, comfort.reason],
    [Number.isNaN(line) ? 0 : line, trust < 1 ? "signals-missing" : "rate-limited"],
    [evenPart(state.line, state.alone, state.neighbours), "another-box"],
  ];
  const [ceiling, reason] = bounds.reduce((a, b) => (b[0] < a[0] ? b : a));
  return { open: true, ceiling, ...(reason && { reason }) };
}

function share(line: LineState, gate: Gate & { open: true }): Verdict {
  const most = Math.min(line.available ?? line.rate, gate.ceiling);
  return {
    state: "sharing",
    rate: bitsPerSecond(line.rate),
    maxStreams: mostStreams(bitsPerSecond(most)),
    reason: line.rate >= 0.99 * gate.ceiling && gate.reason ? gate.reason : reasonOf(line),
  };
}

function reasonOf(line: LineState): Reason {
  switch (line.phase.kind) {
    case "listen":
    case "discover":
    case "drain":
      return "learning-line";
    case "hold":
    case "creep":
    case "glance":
    case "settle":
      return line.rate < 0.7 * (line.capacity ?? 0) ? "line-busy" : "line-idle";
    default:
      return "someone-uploading";
  }
}
