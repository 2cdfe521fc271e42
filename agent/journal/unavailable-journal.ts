/**
 * The journal of a box that has no place to write one: it promises nothing and admits no ticket, so
 * that the rest of the box (its page above all) can run and say why nothing is shared.
 */
import type { Sealed } from "../accounting/messages.ts";
import type { Hash, Id, PublicKey } from "../core/encoding.ts";
import { bytes } from "../core/units.ts";
import type { AckOutcome } from "./ack.ts";
import { emptyChain } from "./chain.ts";
import type { Journal } from "./journal.ts";
import type { OpenedJournal } from "./mending-journal.ts";
import type { StoredRecord } from "./outbox.ts";
import type { Admission, RestoredSession, ViewerStanding } from "./session-journal.ts";

export class UnavailableJournal implements OpenedJournal {
  readonly bootId: Id;
  readonly state: Journal["state"];
  readonly putAside = undefined;
  readonly pendingBytes = bytes(0);
  readonly pendingRecords = 0;
  readonly bytesWritten = bytes(0);
  /** Not known without a file; generation 0 says that to the coordinator. */
  readonly diskFull = false;
  readonly chain = emptyChain(0);

  constructor(bootId: Id, reason: string) {
    this.bootId = bootId;
    this.state = { state: "unavailable", reason };
  }

  turn(): void {}
  letGo(): void {}

  unsaved(): readonly Sealed<"tail">[] {
    return [];
  }

  [Symbol.dispose](): void {}

  admits(): Admission {
    return { ok: false, reason: "storage-failing" };
  }

  viewer(_key: PublicKey): ViewerStanding | undefined {
    return undefined;
  }

  restore(_ticket: Hash): RestoredSession | undefined {
    return undefined;
  }

  noteViewer(): void {}
  note(): void {}
  close(): void {}

  pending(): readonly StoredRecord[] {
    return [];
  }

  /** An ack frees nothing here, so it is not for this journal. */
  applyAck(_ack: Sealed<"ack">): AckOutcome {
    return { result: "ignored", why: "old-generation" };
  }

  tail(): undefined {
    return undefined;
  }

  recover(): void {}

  records(): Iterable<StoredRecord> {
    return [];
  }

  acks(): readonly Uint8Array[] {
    return [];
  }

  commit(): boolean {
    return false;
  }
}
