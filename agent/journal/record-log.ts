/**
 * The box's side of the accounts: entries become signed records at a commit, are handed to the
 * reporter, and go when the coordinator has answered. Owns the chain, the outbox and the floor.
 */
import type { Sealed } from "../accounting/messages.ts";
import type { Bytes } from "../core/units.ts";
import { type AckOutcome, decideAck } from "./ack.ts";
import { type Chain, chainToRow, NO_HEAD, nextGeneration } from "./chain.ts";
import { appendEntries, type Entry, entriesOf, type RecordSigner } from "./entry.ts";
import type { FloorFile } from "./floor.ts";
import { type BatchLimit, Outbox, type StoredRecord } from "./outbox.ts";
import type { AckRow, ChainRow, SegmentPlace, SegmentRow } from "./schema.ts";
import type { ReadSegment } from "./store.ts";

/** What a commit writes of it. */
export interface RecordChanges {
  /** undefined when it is on disk as it is. */
  readonly chain: ChainRow | undefined;
  readonly segments: readonly SegmentRow[];
  readonly segmentsFrom: number;
  readonly acks: readonly AckRow[];
  /** Where the chain stands once this is durable. */
  readonly next: Chain;
}

export interface RecordLogStart {
  readonly chain: Chain;
  readonly segments: readonly SegmentPlace[];
  readonly nextSegment: number;
  readonly entries: readonly Entry[];
  readonly acks: readonly AckRow[];
  /** Are the acks on disk already? */
  readonly saved: boolean;
}

const ACKS_KEPT = 32;

export class RecordLog {
  readonly #signer: RecordSigner;
  readonly #floor: FloorFile;
  readonly #outbox: Outbox;
  #chain: Chain;
  /** The chain as it is on disk. */
  #saved: Chain | undefined;
  #entries: Entry[];
  #acks: AckRow[];
  #freshAcks: AckRow[];
  #nextAck: number;
  #published: number;

  constructor(start: RecordLogStart, signer: RecordSigner, floor: FloorFile, read: ReadSegment) {
    this.#signer = signer;
    this.#floor = floor;
    this.#chain = start.chain;
    this.#entries = [...start.entries];
    this.#acks = [...start.acks].sort((a, b) => a.number - b.number);
    this.#freshAcks = start.saved ? [] : this.#acks;
    this.#nextAck = (this.#acks.at(-1)?.number ?? 0) + 1;
    this.#published = start.chain.acked;
    this.#outbox = new Outbox(start.segments, start.nextSegment, read);
    this.#outbox.ack(start.chain.acked);
  }

  /** Where the chain stands on disk. */
  get chain(): Chain {
    return this.#chain;
  }

  /** Packed bytes on disk that the coordinator has not answered. */
  get pendingBytes(): Bytes {
    return this.#outbox.pendingBytes;
  }

  /** The newest acks as received, oldest first. */
  get acks(): readonly Uint8Array[] {
    return this.#acks.map(({ body }) => body);
  }

  append(entry: Entry): void {
    this.#entries.push(entry);
  }

  all(): Iterable<StoredRecord> {
    return this.#outbox.all();
  }

  /** Raises the floor before it hands bytes out; `written` is told of what that put on flash. */
  pending(after: number, limit: BatchLimit, written: (amount: Bytes) => void) {
    const found = this.#outbox.after(Math.max(after, this.#chain.acked), limit);
    const last = found.at(-1);
    if (last && last.sequence > this.#published) {
      const head = this.#outbox.hashAt(last.sequence) ?? NO_HEAD;
      const { generation, sequence } = last;
      written(this.#floor.write({ generation, sequence, head }));
      this.#published = last.sequence;
    }
    return found;
  }

  applyAck(ack: Sealed<"ack">): AckOutcome {
    const outcome = decideAck(ack.body, this.#chain, this.#signer.signer.publicKey, (sequence) =>
      this.#outbox.hashAt(sequence),
    );
    if (outcome.result === "ignored") return outcome;
    const number = this.#nextAck++;
    const row = { id: number % ACKS_KEPT, number, body: ack.bytes };
    this.#acks = [...this.#acks, row].slice(-ACKS_KEPT);
    this.#freshAcks = [...this.#freshAcks, row];
    if (outcome.result === "new-generation")
      this.#beginGeneration(outcome.chain, outcome.generation);
    else this.#chain = outcome.chain;
    this.#outbox.ack(this.#chain.acked);
    return outcome;
  }

  /** Signs what waits. Changes nothing, so that a commit that failed can be tried again. */
  changes(history: Bytes): RecordChanges {
    const { chain, records } = appendEntries(this.#chain, this.#entries, this.#signer);
    const bytes = records.map((record) => record.bytes);
    return {
      next: chain,
      chain: chain === this.#saved ? undefined : chainToRow(chain, this.#signer.signer.publicKey),
      segments: this.#outbox.pack(chain.generation, this.#chain.sequence + 1, bytes),
      segmentsFrom: this.#outbox.firstNeeded(history),
      acks: this.#freshAcks,
    };
  }

  settle({ next, segments, segmentsFrom }: RecordChanges): void {
    this.#chain = next;
    this.#saved = next;
    this.#outbox.settle(segments, segmentsFrom);
    this.#entries = [];
    this.#freshAcks = [];
  }

  /** What the coordinator has not answered is issued again: cumulative, so nothing counts twice. */
  #beginGeneration(chain: Chain, generation: number): void {
    const unanswered = [...this.#outbox.all()].filter(({ sequence }) => sequence > chain.acked);
    const again = entriesOf(unanswered, this.#signer);
    this.#floor.write({ generation, sequence: 0, head: NO_HEAD });
    this.#published = 0;
    this.#chain = nextGeneration(chain, generation);
    this.#entries = [...again, ...this.#entries];
    this.#outbox.clear();
  }
}
