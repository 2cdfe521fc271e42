/**
 * The journal that the rest of the box holds on to. Behind it is the one that is open now, or the
 * word that there can be none; once what was wrong with the storage is over, it is opened again.
 */
import type { CloseReason, Sealed } from "../accounting/messages.ts";
import type { Hash, PublicKey } from "../core/encoding.ts";
import { every } from "../core/part.ts";
import { type Milliseconds, milliseconds, seconds } from "../core/units.ts";
import type { AckOutcome } from "./ack.ts";
import type { Journal, JournalOptions } from "./journal.ts";
import type { BatchLimit } from "./outbox.ts";
import type { SessionSnapshot, ViewerStanding } from "./session-journal.ts";
import { isWritable } from "./writable.ts";

/** A journal as one opening of the storage made it. */
export interface OpenedJournal extends Omit<Journal, "name" | "run" | "turnedAt"> {
  /** Does what is due; called every second. */
  turn(): void;
  /** What is in memory alone. */
  unsaved(): readonly Sealed<"tail">[];
  /** Lets the storage go as it is. */
  letGo(): void;
}

const TICK = seconds(1);
const FIRST_TRY = seconds(5);
const LAST_TRY = seconds(5 * 60);
/** A journal that fails for so long although its directory can be written sits on a storage that is gone. */
const GIVEN_UP_AFTER = seconds(30);

export class MendingJournal implements Journal {
  readonly name = "journal";
  readonly bootId: Journal["bootId"];
  readonly #options: Pick<JournalOptions, "directory" | "clock" | "log">;
  readonly #open: () => OpenedJournal;
  #current: OpenedJournal;
  #tries = 0;
  #nextTry: Milliseconds;
  #failingSince: Milliseconds | undefined;
  #turnedAt: Milliseconds;
  /** What was only in the memory of a journal that was let go. */
  #carried: readonly Sealed<"tail">[] = [];
  /** What the broker gave back while there was no journal to take it. */
  #heard: Sealed<"tail"> | undefined;

  /** `open` is called again whenever it is worth a try; only the first time may it throw. */
  constructor(
    options: Pick<JournalOptions, "directory" | "clock" | "log">,
    open: () => OpenedJournal,
  ) {
    this.#options = options;
    this.#open = open;
    this.#current = open();
    this.bootId = this.#current.bootId;
    this.#turnedAt = options.clock.monotonicMs();
    this.#nextTry = milliseconds(this.#turnedAt + FIRST_TRY);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    await every(TICK, () => this.#tick(), { clock, log, signal, name: this.name });
  }

  [Symbol.dispose](): void {
    this.#current[Symbol.dispose]();
  }

  get state(): Journal["state"] {
    return this.#current.state;
  }
  get turnedAt(): Milliseconds {
    return this.#turnedAt;
  }
  get diskFull(): boolean {
    return this.#current.diskFull;
  }
  get chain(): Journal["chain"] {
    return this.#current.chain;
  }
  get putAside(): Journal["putAside"] {
    return this.#current.putAside;
  }
  get pendingBytes(): Journal["pendingBytes"] {
    return this.#current.pendingBytes;
  }
  get pendingRecords(): number {
    return this.#current.pendingRecords;
  }
  get bytesWritten(): Journal["bytesWritten"] {
    return this.#current.bytesWritten;
  }

  viewer = (key: PublicKey) => this.#current.viewer(key);
  noteViewer = (key: PublicKey, standing: ViewerStanding) =>
    this.#current.noteViewer(key, standing);
  admits = () => this.#current.admits();
  restore = (ticket: Hash) => this.#current.restore(ticket);
  note = (snapshot: SessionSnapshot) => this.#current.note(snapshot);
  close = (snapshot: SessionSnapshot, reason: CloseReason) => this.#current.close(snapshot, reason);
  pending = (after: number, limit: BatchLimit) => this.#current.pending(after, limit);
  applyAck = (ack: Sealed<"ack">): AckOutcome => this.#current.applyAck(ack);
  tail = (anew: boolean) => this.#current.tail(anew);
  records = () => this.#current.records();
  acks = () => this.#current.acks();
  commit = () => this.#current.commit();

  recover(tail: Sealed<"tail">): void {
    if (this.state.state === "unavailable") this.#heard = tail;
    else this.#current.recover(tail);
  }

  #tick(): void {
    const now = this.#options.clock.monotonicMs();
    this.#turnedAt = now;
    this.#current.turn();
    const { state } = this.#current.state;
    if (state !== "failing") this.#failingSince = undefined;
    else this.#failingSince ??= now;
    const failing = this.#failingSince !== undefined && now - this.#failingSince >= GIVEN_UP_AFTER;
    if (now < this.#nextTry || (state !== "unavailable" && !failing)) return;
    this.#tryAgain(now);
  }

  /** The one that fails is only let go where another can be made: what it holds may still be sent. */
  #tryAgain(now: Milliseconds): void {
    const wait = Math.min(LAST_TRY, FIRST_TRY * 2 ** this.#tries++);
    this.#nextTry = milliseconds(now + wait);
    if (!isWritable(this.#options.directory)) return;
    this.#carried = [...this.#carried, ...this.#current.unsaved()];
    this.#current.letGo();
    this.#current = this.#open();
    if (this.state.state === "unavailable") return;
    this.#tries = 0;
    this.#failingSince = undefined;
    for (const tail of this.#carried) this.#current.recover(tail);
    if (this.#heard) this.#current.recover(this.#heard);
    this.#carried = [];
    this.#heard = undefined;
    this.#options.log.notice("journal opened again", { generation: this.chain.generation });
  }
}
