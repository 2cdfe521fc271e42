import type { Milliseconds } from "../agent/core/units.ts";

export type ProbeKind = "reflector" | "echo";

export interface ProbeTarget {
  readonly kind: ProbeKind;
  /** A literal IPv4 or IPv6 address. */
  readonly address: string;
  /** UDP port of a reflector; absent for ICMP echo. */
  readonly port?: number;
}

export interface ProbeReply {
  readonly target: ProbeTarget;
  readonly sentAt: Milliseconds;
  /** Until the reply reached the network card, not until this process looked. */
  readonly rtt: Milliseconds;
  /** Time at the reflector minus time here: only its changes mean something. Absent for echoes. */
  readonly outward?: Milliseconds;
}

/** Packets that left back to back: how far apart they arrived tells the rate that one flow gets. */
export interface TrainReply {
  readonly sentAt: Milliseconds;
  /** Packets that were answered, and bits that arrived after the first of them. */
  readonly packets: number;
  readonly bits: number;
  /** From the first to the last arrival, by the reflector's clock, without one gap far longer than all others; 0 when they did not leave at once. */
  readonly spread: Milliseconds;
}

/** Delays to several places. Never blocks; a reply that does not come is simply never returned. */
export interface DelayProbe {
  /** False when this kind cannot be sent from here (no permission, no route, no address family). */
  send(target: ProbeTarget): boolean;
  /** Replies that came since the last call. */
  receive(): readonly ProbeReply[];
  /** When the first request left that is newer than all answered ones; undefined when each is answered. */
  unanswered(): Milliseconds | undefined;
  /** So many full packets at once to a reflector; false for other targets. Never more than one is out. */
  sendTrain(target: ProbeTarget, packets: number): boolean;
  /** The last train, once it is complete or a quarter of a second old. */
  receiveTrain(): TrainReply | undefined;
  close(): void;
}
