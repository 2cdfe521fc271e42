import type { BitsPerSecond, Bytes, Milliseconds } from "../agent/core/units.ts";

/** One connection with a peer, as the kernel's TCP sees it. */
export interface PeerFlow {
  /** Stable while the connection lives, never reused. */
  readonly id: string;
  /** Smoothed round-trip time and the least one seen (the kernel's window is 5 minutes). */
  readonly rtt: Milliseconds;
  readonly minRtt: Milliseconds;
  /** Payload of a full segment. */
  readonly segment: Bytes;
  /** Segments that may be and that are in flight. */
  readonly window: number;
  readonly inFlight: number;
  /** Accepted from the application and not sent yet. */
  readonly notSent: Bytes;
  /** Since it last sent something, and since the peer last acknowledged anything. */
  readonly quiet: Milliseconds;
  readonly unheard: Milliseconds;
  /** Since the connection was made, on the wire with IP and TCP headers. */
  readonly sent: Bytes;
  readonly acknowledged: Bytes;
  /** Segments sent again since the connection was made. */
  readonly retransmitted: number;
  /** Deliveries that arrived marked by an AQM (RFC 3168), since the connection was made. */
  readonly marked: number;
}

/** All peers together. Sums are over every connection since the agent started and never fall. */
export interface PeerReading {
  readonly at: Milliseconds;
  readonly flows: readonly PeerFlow[];
  /** On the wire with IP and TCP headers, closed connections included. */
  readonly sent: Bytes;
  readonly acknowledged: Bytes;
  readonly retransmitted: number;
  readonly marked: number;
}

/** `paced`: rates can be set; `observed`: only read; `blind`: neither. */
export type SocketAbility = "paced" | "observed" | "blind";

/**
 * The accepted connections of the local peer ports. Reading changes nothing; pacing is idempotent
 * and in force at once for what the kernel has not sent yet. A connection that is gone is not an error.
 */
export interface PeerSockets {
  readonly ability: SocketAbility;
  read(): Promise<PeerReading>;
  /** Rate of one connection, IP headers included. False when the connection is gone or refuses. */
  pace(id: string, rate: BitsPerSecond): boolean;
  /** Rate that a connection starts with, until `pace` names it. */
  paceNew(rate: BitsPerSecond): void;
  /** Congestion control of all connections, now and later; one the kernel lacks changes nothing. */
  control(name: string): void;
  /** Ends a connection at once. False when it is gone or cannot be ended from here. */
  cut(id: string): boolean;
}
