/** The journal over its file: what the parts of it note is written in one commit. */
import { join } from "node:path";
import type { CloseReason, Sealed } from "../accounting/messages.ts";
import { type Hash, type Id, type PublicKey, toHex } from "../core/encoding.ts";
import { every } from "../core/part.ts";
import { type Bytes, seconds } from "../core/units.ts";
import type { AckOutcome } from "./ack.ts";
import { Ballast } from "./ballast.ts";
import { ClosedTickets } from "./closed-tickets.ts";
import { CommitWriter } from "./commit-writer.ts";
import type { FloorFile } from "./floor.ts";
import type { Figures, Journal, JournalLimits, JournalOptions, JournalState } from "./journal.ts";
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
import { OpenSessions, restoredFrom } from "./sessions.ts";
import type { JournalStart } from "./start.ts";
import type { Batch, JournalStore } from "./store.ts";
import { Viewers } from "./viewers.ts";

export interface StoredJournalOptions extends JournalOptions {
  readonly limits: JournalLimits;
  readonly floor: FloorFile;
  readonly opened: Extract<OpenedStore, { state: "ready" }>;
  readonly start: JournalStart;
}

const TICK = seconds(1);

export class StoredJournal implements Journal {
  readonly name = "journal";
  readonly bootId: Id;
  readonly putAside: Journal["putAside"];

  readonly #options: StoredJournalOptions;
  readonly #store: JournalStore;
  readonly #writer: CommitWriter;
  readonly #sessions: OpenSessions;
  readonly #closed: ClosedTickets;
  readonly #viewers: Viewers;
  readonly #records: RecordLog;
  /** Rows of sessions that the last stop cut off, until a commit has taken them away. */
  #cutOff: readonly number[];

  constructor(options: StoredJournalOptions) {
    const { clock, limits, log, start, opened, directory } = options;
    const { store, loaded, aside } = opened;
    this.#options = options;
    this.#store = store;
    this.bootId = toHex(options.random.bytes(16)) as Id;
    this.putAside = aside;
    const ballast = new Ballast(join(directory, "ballast"), limits.ballast);
    this.#writer = new CommitWriter({ store, ballast, limits, clock, log });
    this.#sessions = new OpenSessions(this.bootId, (loaded.sessions.at(-1)?.id ?? 0) + 1);
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

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    await every(TICK, () => this.#tick(), { clock, log, signal, name: this.name });
  }

  [Symbol.dispose](): void {
    this.commit();
    this.#store.close();
  }

  get state(): JournalState {
    return this.#writer.state;
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
    return full ? { ok: false, reason: "outbox-full" } : { ok: true };
  }

  restore(ticket: Hash): RestoredSession | undefined {
    return this.#sessions.get(ticket) ?? this.#closed.get(ticket);
  }

  note(snapshot: SessionSnapshot): void {
    this.#sessions.note(snapshot, this.#moment());
    this.#changed();
  }

  close(snapshot: SessionSnapshot, reason: CloseReason): void {
    const { hash } = snapshot.ticket;
    const moment = this.#moment();
    this.#sessions.end(hash);
    this.#closed.add(hash, restoredFrom(snapshot));
    this.#record(snapshot, moment, reason);
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

  #tick(): void {
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
    if (this.#writer.isDue(this.#sessions.atRisk)) this.commit();
  }

  #record(snapshot: SessionSnapshot, moment: Moment, closeReason: CloseReason): void {
    this.#records.append({
      ticket: snapshot.ticket.bytes,
      ...(snapshot.receipt ? { receipt: snapshot.receipt.bytes } : {}),
      ...boundedFigures(this.#options.figures?.()),
      wireBytes: snapshot.wireBytes,
      bootId: this.bootId,
      started: snapshot.started,
      ended: moment.monotonic,
      wallTime: moment.wall,
      clockQuality: moment.quality,
      closeReason,
    });
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
