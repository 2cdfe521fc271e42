/** What the governor sees in one tick. Plain data, so that a run can be recorded and replayed. */
import type { BitsPerSecond, Bytes, Milliseconds } from "../core/units.ts";

/** Name of the delay that the peers' own connections show, where no probe answers. */
export const PEERS_TARGET = "peers";

export interface DelaySample {
  /** Name of the place that answered. */
  readonly target: string;
  readonly sentAt: Milliseconds;
  readonly rtt: Milliseconds;
  /** One-way delay to the place plus an unknown constant; absent where only the round trip is known. */
  readonly outward?: Milliseconds;
}

/** The peers' TCP, all connections together; cumulative figures never fall. */
export interface PeerSample {
  readonly acknowledged: Bytes;
  readonly sent: Bytes;
  readonly retransmitted: number;
  readonly marked: number;
  /** Connections with something to send. */
  readonly busy: number;
  /** Round-trip time above its own minimum of the busy connection that is best off. */
  readonly excess?: Milliseconds;
  /** Least round-trip time that a busy connection ever had. */
  readonly rtt?: Milliseconds;
  /** Since any busy connection was last acknowledged anything; absent in recordings of earlier versions. */
  readonly unheard?: Milliseconds;
  /** Sent and not acknowledged, all connections. */
  readonly inFlight: Bytes;
  /** Not sent yet, of connections whose peers take it. */
  readonly waiting: Bytes;
}

/** Rate at which packets that left at once arrived: what one more flow gets of the line. */
export interface TrainSample {
  readonly sentAt: Milliseconds;
  /** Absent when too few arrived, or so close together that their distance means nothing. */
  readonly rate?: BitsPerSecond;
  /** Time between the first and the last of them at the reflector. */
  readonly spread?: Milliseconds;
}

export interface LineSample {
  readonly at: Milliseconds;
  /** Replies since the last sample, oldest first. */
  readonly delays: readonly DelaySample[];
  /** When the first probe left that is newer than all that were answered. */
  readonly unanswered?: Milliseconds;
  readonly train?: TrainSample;
  /** Absent when the peers' sockets cannot be read. */
  readonly peers?: PeerSample;
  /**
   * What others at home send through the router; absent when the router does not tell credibly. It is
   * seconds old, so it only ever speaks against taking more.
   */
  readonly householdUpload?: BitsPerSecond;
}
