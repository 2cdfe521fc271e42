/**
 * What the peer server needs of the journal: sessions that survive a restart, and a word on whether
 * a new one can be promised to be recorded.
 */
import type { CloseReason, Sealed } from "../accounting/messages.ts";
import type { ViewerStanding } from "../accounting/window.ts";
import type { Hash, PublicKey } from "../core/encoding.ts";
import type { Bytes, Milliseconds } from "../core/units.ts";

export type { ViewerStanding };

export interface SessionSnapshot {
  readonly ticket: Sealed<"ticket">;
  readonly receipt?: Sealed<"receipt">;
  /** Bytes handed to the kernel for the ticket so far. */
  readonly wireBytes: Bytes;
  /** Monotonic time of the first request of this boot. */
  readonly started: Milliseconds;
}

/** How far a ticket came before: cumulative counts go on from here. */
export interface RestoredSession {
  readonly wireBytes: Bytes;
  /** Of the best receipt; 0 without one. */
  readonly proven: Bytes;
  readonly receiptSequence: number;
}

export type Admission =
  | { readonly ok: true }
  | {
      readonly ok: false;
      /** `flash-spared`: the day's writes are used up, and no broker keeps what they would save. */
      readonly reason: "outbox-full" | "storage-failing" | "quarantined" | "flash-spared";
    };

export interface SessionJournal {
  /** What is remembered of a viewer, over restarts; undefined for a stranger. */
  viewer(key: PublicKey): ViewerStanding | undefined;
  noteViewer(key: PublicKey, standing: ViewerStanding): void;
  /** May a ticket that is new to this box be taken on? Never true when its record could not be kept. */
  admits(): Admission;
  /** How far a ticket came whose session ended, also before a restart; undefined for a new one. */
  restore(ticket: Hash): RestoredSession | undefined;
  /**
   * Notes progress. Written in batches: what a power cut may take is bounded by 8 MiB of proven
   * bytes or 5 s of traffic, whichever is more (`commit-policy.ts`).
   */
  note(snapshot: SessionSnapshot): void;
  /** Ends a session: its usage record is appended, signed and queued for the coordinator. */
  close(snapshot: SessionSnapshot, reason: CloseReason): void;
}
