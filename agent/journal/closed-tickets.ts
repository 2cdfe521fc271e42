/**
 * How far tickets came whose sessions ended: one that is shown again goes on from there, also after a
 * restart. Kept on the monotonic clock for longer than a ticket lives, so no wall clock matters.
 */
import { type Hash, toHex } from "../core/encoding.ts";
import { bytes, type Milliseconds, seconds } from "../core/units.ts";
import type { ClosedRow } from "./schema.ts";
import type { RestoredSession } from "./session-journal.ts";

/** Tickets live for 2 hours at most (`accounting/limits.ts`). */
const KEPT = seconds(3 * 3600);
/** About 6 MiB of memory; a box that closes more than that in 3 h forgets the oldest. */
const MOST = 20_000;

/** 32 bytes of hash, two counts of 6 bytes and a receipt's number of 4. */
const ENTRY = 48;

interface Group {
  readonly id: number;
  readonly since: Milliseconds;
  readonly tickets: readonly Hash[];
}

interface Known {
  readonly restored: RestoredSession;
  /** The newest row that has it. */
  readonly group: number;
}

export class ClosedTickets {
  readonly #known = new Map<Hash, Known>();
  /** Tickets in the rows they are stored in, oldest first. */
  #groups: Group[] = [];
  #waiting: Hash[] = [];
  #unsaved: ClosedRow[];
  #nextId: number;

  /** `saved`: are the rows on disk already? */
  constructor(rows: readonly ClosedRow[], saved: boolean, now: Milliseconds) {
    this.#nextId = (rows.at(-1)?.id ?? 0) + 1;
    this.#unsaved = saved ? [] : [...rows];
    for (const { id, body } of rows) {
      const entries = unpack(body);
      for (const [ticket, restored] of entries) this.#known.set(ticket, { restored, group: id });
      this.#groups.push({ id, since: now, tickets: entries.map(([ticket]) => ticket) });
    }
  }

  add(ticket: Hash, restored: RestoredSession): void {
    this.#known.set(ticket, { restored, group: this.#nextId });
    this.#waiting.push(ticket);
  }

  get(ticket: Hash): RestoredSession | undefined {
    return this.#known.get(ticket)?.restored;
  }

  /** What the next commit has to write: all that was added since the last, as one row. */
  get fresh(): readonly ClosedRow[] {
    const body = pack(this.#waiting.flatMap((ticket) => this.#entry(ticket)));
    const row = { id: this.#nextId, body };
    return this.#waiting.length === 0 ? this.#unsaved : [...this.#unsaved, row];
  }

  settle(now: Milliseconds): void {
    this.#unsaved = [];
    if (this.#waiting.length === 0) return;
    this.#groups.push({ id: this.#nextId++, since: now, tickets: this.#waiting });
    this.#waiting = [];
  }

  /** Forgets what is too old; rows with ids below the answer may go. */
  prune(now: Milliseconds): number {
    while (this.#groups[0] && (now - this.#groups[0].since >= KEPT || this.#known.size > MOST)) {
      const [oldest, ...rest] = this.#groups;
      this.#groups = rest;
      for (const ticket of oldest?.tickets ?? []) {
        if (this.#known.get(ticket)?.group === oldest?.id) this.#known.delete(ticket);
      }
    }
    return this.#groups[0]?.id ?? this.#nextId;
  }

  #entry(ticket: Hash): [Hash, RestoredSession][] {
    const known = this.#known.get(ticket);
    return known ? [[ticket, known.restored]] : [];
  }
}

function pack(entries: readonly (readonly [Hash, RestoredSession])[]): Buffer {
  const body = Buffer.alloc(entries.length * ENTRY);
  entries.forEach(([ticket, { wireBytes, proven, receiptSequence }], index) => {
    const at = index * ENTRY;
    body.write(ticket, at, "hex");
    body.writeUIntBE(wireBytes, at + 32, 6);
    body.writeUIntBE(proven, at + 38, 6);
    body.writeUInt32BE(receiptSequence, at + 44);
  });
  return body;
}

function unpack(body: Uint8Array): [Hash, RestoredSession][] {
  const buffer = Buffer.from(body);
  const count = Math.floor(buffer.length / ENTRY);
  return Array.from({ length: count }, (_, index) => {
    const at = index * ENTRY;
    const restored = {
      wireBytes: bytes(buffer.readUIntBE(at + 32, 6)),
      proven: bytes(buffer.readUIntBE(at + 38, 6)),
      receiptSequence: buffer.readUInt32BE(at + 44),
    };
    return [toHex(buffer.subarray(at, at + 32)) as Hash, restored];
  });
}
