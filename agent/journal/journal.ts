/**
 * The box's memory of what it served: open sessions, signed records that wait for the coordinator,
 * viewers' standing. One commit makes everything that changed durable at once.
 */
import type { ClockQuality, Environment, Sealed } from "../accounting/messages.ts";
import type { Clock } from "../core/clock.ts";
import type { Id } from "../core/encoding.ts";
import type { Log } from "../core/log.ts";
import type { Part } from "../core/part.ts";
import type { Random } from "../core/random.ts";
import { type Bytes, type Milliseconds, mebibytes, seconds } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";
import type { AckOutcome } from "./ack.ts";
import type { Chain } from "./chain.ts";
import { type CommitLimits, defaultLimits } from "./commit-policy.ts";
import type { OpenDatabase } from "./database.ts";
import type { BatchLimit, StoredRecord } from "./outbox.ts";
import type { SessionJournal } from "./session-journal.ts";
import type { TailMessage } from "./tail.ts";

export interface JournalLimits extends CommitLimits {
  /** Packed bytes of records that wait for the coordinator, beyond which no ticket is taken on. */
  readonly outbox: Bytes;
  /** Packed bytes of acked records that are kept for the household's export. */
  readonly history: Bytes;
  readonly ballast: Bytes;
  /** A session that lasts gets an interim record after so long, or so many proven bytes. */
  readonly interimAfter: Milliseconds;
  readonly interimBytes: Bytes;
}

export const journalLimits: JournalLimits = {
  ...defaultLimits,
  outbox: mebibytes(16),
  history: mebibytes(0.5),
  ballast: mebibytes(4),
  interimAfter: seconds(15 * 60),
  interimBytes: mebibytes(256),
};

/** What the box measured in a record's period; absent where it could not. */
export interface Figures {
  readonly cpuIdlePermille?: number;
  readonly lineDelayMs?: number;
}

export interface JournalOptions {
  readonly directory: string;
  /** Kept in another directory than the journal, so that both are not restored together. */
  readonly floorPath: string;
  readonly signer: Signer;
  readonly environment: Environment;
  readonly openDatabase: OpenDatabase;
  readonly clock: Clock;
  readonly clockQuality: () => ClockQuality;
  /** Of the time from a monotonic moment until now. */
  readonly figures?: (since: Milliseconds) => Figures;
  readonly random: Random;
  readonly log: Log;
  readonly limits?: Partial<JournalLimits>;
}

export type JournalState =
  | { readonly state: "ready" }
  /** Nothing can be written now; what happens is kept in memory until it can be again. */
  | { readonly state: "failing"; readonly reason: string }
  /** No place for a journal: nothing is promised, so nothing may be shared. */
  | { readonly state: "unavailable"; readonly reason: string };

/** The reporter's side. */
export interface RecordSource {
  /** Where the chain stands on disk: what `birth` says. */
  readonly chain: Chain;
  /**
   * Durable records after a sequence, oldest first, never acked ones. The sequence floor is raised
   * before bytes are handed out: what left the box once is never numbered again.
   */
  pending(after: number, limit: BatchLimit): readonly StoredRecord[];
  /** Takes in an ack whose signature was checked against the coordinator's key. */
  applyAck(ack: Sealed<"ack">): AckOutcome;
  /**
   * What the broker is to keep now, undefined while nothing is due. To be asked every second while
   * connected, with `anew` at first: that says that there is somebody to keep it.
   */
  tail(anew: boolean): TailMessage | undefined;
  /** Takes in a tail that was kept of an earlier start; this box's signature on it was checked. */
  recover(tail: Sealed<"tail">): void;
}

export interface Journal extends SessionJournal, RecordSource, Part, Disposable {
  readonly state: JournalState;
  /** Is it written with the last of the room on the disk? */
  readonly diskFull: boolean;
  /** When its loop last turned, on the monotonic clock: it does so each second while it lives. */
  readonly turnedAt: Milliseconds;
  /** Random per start; a record's monotonic times only compare within one. */
  readonly bootId: Id;
  /** Why the journal found at the start was not used, and where it is kept now. */
  readonly putAside: { readonly why: string; readonly path: string } | undefined;
  /** Packed bytes on disk that the coordinator has not answered. */
  readonly pendingBytes: Bytes;
  readonly pendingRecords: number;
  /** Bytes written to flash since the start: SQLite's pages and the floor's blocks. */
  readonly bytesWritten: Bytes;
  /** Records on disk, those answered in the recent past included, oldest first. */
  records(): Iterable<StoredRecord>;
  /** The newest acks as received, oldest first. */
  acks(): readonly Uint8Array[];
  /** Makes everything durable now; false when that failed, and `state` says why. */
  commit(): boolean;
}
