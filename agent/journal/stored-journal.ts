/** The journal over its file: what the parts of it note is written in one commit. */
import { statfsSync } from "node:fs";
import { join } from "node:path";
import type { CloseReason, Sealed } from "../accounting/messages.ts";
import type { Hash, Id, PublicKey } from "../core/encoding.ts";
import { type Bytes, bytes } from "../core/units.ts";
import type { AckOutcome } from "./ack.ts";
import { Ballast } from "./ballast.ts";
import { ClosedTickets } from "./closed-tickets.ts";
import { CommitWriter } from "./commit-writer.ts";
import type { Entry } from "./entry.ts";
import type { FloorFile } from "./floor.ts";
import type { Figures, Journal, JournalLimits, JournalOptions, JournalState } from "./journal.ts";
import type { OpenedJournal } from "./mending-journal.ts";
import { type Moment, momentOf } from "./moment.ts";
import type { OpenedStore } from "./open-store.ts";
import type { BatchLimit, StoredRecord } from "./outbox.ts";
import { RecordLog } from "./record-log.ts";
import type {
  Admission,
  RestoredSession,
  SessionSnapshot,
  ViewerStanding,
} from "./session-journal.ts";
import { OpenSessions, provenBytes, restoredFrom } from "./sessions.ts";
import type { JournalStart } from "./start.ts";
import type { Batch, JournalStore } from "./store.ts";
import { newsOf, Tail, type TailMessage } from "./tail.ts";
import { Viewers } from "./viewers.ts";

export interface StoredJournalOptions extends JournalOptions {
  readonly bootId: Id;
  readonly limits: JournalLimits;
  readonly floor: FloorFile;
  readonly opened: Extract<OpenedStore, { state: "ready" }>;
  readonly start: JournalStart;
}

export class StoredJournal implements OpenedJournal {
  readonly bootId: Id;
  readonly putAside: Journal["putAside"];

  readonly #options: StoredJournalOptions;
  readonly #store: JournalStore;
  readonly #writer: CommitWriter;
  readonly #sessions: OpenSessions;
  readonly #closed: ClosedTickets;
  readonly #viewers: Viewers;
  readonly #records: RecordLog;
  readonly #tail: Tail;
  /** Rows of sessions that the last stop cut off, until a commit has taken them away. */
  #cutOff: readonly number[];

  constructor(options: StoredJournalOptions) {
    const { clock, limits, log, start, opened, directory } = options;
    const { store, loaded, aside } = opened;
    this.#options = options;
    this.#store = store;
    this.bootId = options.bootId;
    this.putAside = aside;
    const ballast = new Ballast(join(directory, "ballast"), limits.ballast);
    const blockSize = bytes(statfsSync(directory).bsize);
    this.#writer = new CommitWriter({ store, ballast, limits, blockSize, clock, log });
    this.#sessions = new OpenSessions(this.bootId, (loaded.sessions.at(-1)?.id ?? 0) + 1);
    this.#tail = new Tail({ ...options, sessions: this.#sessions });
    const saved = aside === undefined;
    this.#closed = new ClosedTickets(loaded.closed, saved, clock.monotonicMs());
    this.#viewers = new Viewers(loaded.viewers, saved);
    this.#records = new RecordLog(
      { ...start, acks: loaded.acks, saved, nextSegment: (loaded.segments.at(-1)?.id ?? 0) + 1 },
      options,
      options.floor,
      (id) => store.segment(id),
    );
    for (const { ticket, restored } of start.cutOff) {
      this.#closed.add(ticket, restored);
    }
    this.#cutOff = loaded.sessions.map(({ id }) => id);
    this.#writer.wait();
    this.commit();
  }

  [Symbol.dispose](): void {
    this.commit();
    this.letGo();
  }

  letGo(): void {
    this.#store.close();
  }

  unsaved(): readonly Sealed<"tail">[] {
    return this.#tail.whole();
  }

  get state(): JournalState {
    return this.#writer.state;
  }

  get diskFull(): boolean {
    return this.#writer.full;
  }

  get chain() {
    return this.#records.chain;
  }

  get pendingBytes(): Bytes {
    return this.#records.pendingBytes;
  }

  get pendingRecords(): number {
    return this.chain.sequence - this.chain.acked;
  }

  get bytesWritten(): Bytes {
    return this.#writer.bytesWritten;
  }

  viewer(key: PublicKey): ViewerStanding | undefined {
    return this.#viewers.get(key);
  }

  noteViewer(key: PublicKey, standing: ViewerStanding): void {
    this.#viewers.note(key, standing);
    this.#changed();
  }

  admits(): Admission {
    if (this.#writer.state.state !== "ready") return { ok: false, reason: "storage-failing" };
    if (this.chain.quarantine !== undefined) return { ok: false, reason: "quarantined" };
    const full = this.pendingBytes >= this.#options.limits.outbox;
    if (full) return { ok: false, reason: "outbox-full" };
    const spared = !this.#writer.affords && !this.#tail.hasKeeper;
    return spared ? { ok: false, reason: "flash-spared" } : { ok: true };
  }

  restore(ticket: Hash): RestoredSession | undefined {
    return this.#sessions.get(ticket) ?? this.#closed.get(ticket);
  }

  note(snapshot: SessionSnapshot): void {
    this.#sessions.note(snapshot, this.#moment());
    this.#changed();
  }

  close(snapshot: SessionSnapshot, reason: CloseReason): void {
    const { hash: ticket } = snapshot.ticket;
    const entry = this.#record(snapshot, this.#moment(), reason);
    this.#sessions.end({ ticket, entry, proven: provenBytes(snapshot) });
    this.#closed.add(ticket, restoredFrom(snapshot));
    this.#changed();
  }

  pending(after: number, limit: BatchLimit): readonly StoredRecord[] {
    return this.#records.pending(after, limit, this.#writer.spend);
  }

  applyAck(ack: Sealed<"ack">): AckOutcome {
    const outcome = this.#records.applyAck(ack);
    if (outcome.result !== "ignored") this.#writer.wait();
    if (outcome.result === "new-generation") {
      const { generation, why } = outcome;
      this.#options.log.warning("new generation of records", { generation, why });
      this.commit();
    }
    return outcome;
  }

  tail(anew: boolean): TailMessage | undefined {
    return this.#tail.next(anew);
  }

  recover(tail: Sealed<"tail">): void {
    const news = newsOf(tail, (ticket) => this.restore(ticket));
    if (news.length === 0) return;
    for (const { entry, ticket, restored } of news) {
      this.#records.append(entry);
      this.#sessions.takeBack({ ticket, entry, proven: restored.proven });
      this.#closed.add(ticket, restored);
    }
    this.#options.log.notice("sessions taken back from the broker", { sessions: news.length });
    this.#writer.wait();
    this.commit();
  }

  records(): Iterable<StoredRecord> {
    return this.#records.all();
  }

  acks(): readonly Uint8Array[] {
    return this.#records.acks;
  }

  commit(): boolean {
    const { limits, clock } = this.#options;
    const changes = this.#records.changes(limits.history);
    const sessions = this.#sessions.changes();
    const batch: Batch = {
      ...sessions,
      ...changes,
      endedSessions: [...this.#cutOff, ...sessions.endedSessions],
      closed: this.#closed.fresh,
      closedFrom: this.#closed.prune(clock.monotonicMs()),
      viewers: this.#viewers.fresh,
      viewersFrom: this.#viewers.prune(),
    };
    if (!this.#writer.write(batch)) return false;
    this.#records.settle(changes);
    this.#sessions.settle();
    this.#closed.settle(clock.monotonicMs());
    this.#viewers.settle();
    this.#cutOff = [];
    return true;
  }

  turn(): void {
    const { clock, limits } = this.#options;
    const { interimAfter, interimBytes } = limits;
    const now = clock.monotonicMs();
    for (const snapshot of this.#sessions.takeLong(now, interimAfter, interimBytes)) {
      this.#record(snapshot, this.#moment(), "open");
      this.#writer.wait();
    }
    this.#commitIfDue();
    this.#writer.restoreBallast();
  }

  #changed(): void {
    this.#writer.wait();
    this.#commitIfDue();
  }

  #commitIfDue(): void {
    if (this.#writer.isDue(this.#sessions.atRisk, this.#tail)) this.commit();
  }

  #record(snapshot: SessionSnapshot, moment: Moment, closeReason: CloseReason): Entry {
    const entry: Entry = {
      ticket: snapshot.ticket.bytes,
      ...(snapshot.receipt ? { receipt: snapshot.receipt.bytes } : {}),
      ...boundedFigures(this.#options.figures?.(snapshot.started)),
      wireBytes: snapshot.wireBytes,
      bootId: this.bootId,
      started: snapshot.started,
      ended: moment.monotonic,
      wallTime: moment.wall,
      clockQuality: moment.quality,
      closeReason,
    };
    this.#records.append(entry);
    return entry;
  }

  #moment(): Moment {
    return momentOf(this.#options.clock, this.#options.clockQuality());
  }
}

/** Within what a record can say; a sensor gone mad must not stop the accounts. */
function boundedFigures({ cpuIdlePermille, lineDelayMs }: Figures = {}): Figures {
  return {
    ...bounded("cpuIdlePermille", cpuIdlePermille, 1000),
    ...bounded("lineDelayMs", lineDelayMs, 60_000),
  };
}

const bounded = (name: keyof Figures, value: number | undefined, most: number) =>
  value !== undefined && value >= 0 ? { [name]: Math.min(Math.floor(value), most) } : {};
