/**
 * How far tickets came whose sessions ended: one that is shown again goes on from there, also after a
 * restart. Kept on the monotonic clock for longer than a ticket lives, so no wall clock matters.
 */
import { type Hash, toHex } from "../core/encoding.ts";
import type { Bytes, Milliseconds } from "../core/units.ts";
import { seconds } from "../core/units.ts";
import type { ClosedRow } from "./schema.ts";
import type { RestoredSession } from "./session-journal.ts";

/** Tickets live for 2 hours at most (`accounting/schema.ts`). */
const KEPT = seconds(3 * 3600);
/** About 4 MiB of memory; a box that closes more than that in 3 h forgets the oldest. */
const MOST = 20_000;

interface Kept {
  readonly row: ClosedRow;
  readonly since: Milliseconds;
}

export class ClosedTickets {
  readonly #kept = new Map<Hash, Kept>();
  #fresh: ClosedRow[] = [];
  #nextId: number;

  /** `saved`: are the rows on disk already? */
  constructor(rows: readonly ClosedRow[], saved: boolean, now: Milliseconds) {
    if (!saved) this.#fresh = [...rows];
    this.#nextId = (rows.at(-1)?.id ?? 0) + 1;
    for (const row of rows) this.#keep(row, now);
  }

  add(ticket: Hash, restored: RestoredSession, now: Milliseconds): void {
    const row: ClosedRow = {
      id: this.#nextId++,
      ticket: Buffer.from(ticket, "hex"),
      wire: restored.wireBytes,
      receipt_sequence: restored.receiptSequence,
      proven: restored.proven,
    };
    this.#keep(row, now);
    this.#fresh.push(row);
  }

  get(ticket: Hash): RestoredSession | undefined {
    const row = this.#kept.get(ticket)?.row;
    return (
      row && {
        wireBytes: row.wire as Bytes,
        proven: row.proven as Bytes,
        receiptSequence: row.receipt_sequence,
      }
    );
  }

  get fresh(): readonly ClosedRow[] {
    return this.#fresh;
  }

  settle(): void {
    this.#fresh = [];
  }

  /** Forgets what is too old; rows with ids below the answer may go. */
  prune(now: Milliseconds): number {
    for (const [ticket, { since }] of this.#kept) {
      if (this.#kept.size <= MOST && now - since < KEPT) break;
      this.#kept.delete(ticket);
    }
    const [oldest] = this.#kept.values();
    return oldest?.row.id ?? this.#nextId;
  }

  /** Newest last, so that the map's order is the order of ids. */
  #keep(row: ClosedRow, since: Milliseconds): void {
    const ticket = toHex(row.ticket) as Hash;
    this.#kept.delete(ticket);
    this.#kept.set(ticket, { row, since });
  }
}
