/** The sessions of now, until a commit: what of them is safe, and what a power cut would take. */
import type { ClockQuality } from "../accounting/messages.ts";
import type { Hash, Id } from "../core/encoding.ts";
import type { Bytes, Milliseconds, UnixSeconds } from "../core/units.ts";
import type { Entry } from "./entry.ts";
import type { Moment } from "./moment.ts";
import type { ProgressRow, SessionRow } from "./schema.ts";
import type { RestoredSession, SessionSnapshot } from "./session-journal.ts";

/** Proven bytes of a session that are on flash, and those that the broker keeps (`tail.ts`). */
interface Safe {
  durable: number;
  kept: number;
}

interface OpenSession extends Safe {
  readonly id: number;
  snapshot: SessionSnapshot;
  noted: Moment;
  /** Is the row with the ticket on disk? */
  stored: boolean;
  dirty: boolean;
  /** Of its last interim record. */
  recorded: { at: Milliseconds; proven: number };
}

/** Ended; its record is on flash with the next commit. */
interface EndedSession extends Safe, Unsaved {}

/** A session as the record that it would become now. */
export interface Unsaved {
  readonly ticket: Hash;
  readonly entry: Entry;
  readonly proven: number;
}

export interface SessionChanges {
  readonly sessions: readonly SessionRow[];
  readonly progress: readonly ProgressRow[];
  readonly endedSessions: readonly number[];
}

export const provenBytes = (snapshot: SessionSnapshot) => snapshot.receipt?.body.bytes ?? 0;

export const restoredFrom = (snapshot: SessionSnapshot): RestoredSession => ({
  wireBytes: snapshot.wireBytes,
  proven: provenBytes(snapshot) as Bytes,
  receiptSequence: snapshot.receipt?.body.sequence ?? 0,
});

export class OpenSessions {
  readonly #boot: Id;
  readonly #open = new Map<Hash, OpenSession>();
  /** Rows on disk of sessions that ended. */
  #stale: number[] = [];
  #ended: EndedSession[] = [];
  /** Of those; kept as a sum, because it is asked for at every end of a session. */
  #endedAtRisk = 0;
  #nextId: number;

  constructor(boot: Id, nextId: number) {
    this.#boot = boot;
    this.#nextId = nextId;
  }

  /** Proven bytes that are neither durable nor kept. */
  get atRisk(): Bytes {
    let sum = 0;
    for (const session of this.#open.values()) {
      sum += atRisk(provenBytes(session.snapshot), session);
    }
    return (sum + this.#endedAtRisk) as Bytes;
  }

  /** Sessions with proven bytes that are not durable, those with the most of them first. */
  unsaved(most: number): readonly Unsaved[] {
    const open = [...this.#open].map(([ticket, { snapshot, noted, durable }]) => ({
      ticket,
      proven: provenBytes(snapshot),
      durable,
      entry: this.#entryOf(snapshot, noted),
    }));
    return [...open, ...this.#ended]
      .filter(({ proven, durable }) => proven > durable)
      .sort((a, b) => b.proven - b.durable - (a.proven - a.durable))
      .slice(0, most)
      .map(({ ticket, proven, entry }) => ({ ticket, proven, entry }));
  }

  /** These, and no others, are kept elsewhere as far as they had come. */
  keep(kept: readonly Unsaved[]): void {
    const proven = new Map<Hash, number>();
    for (const session of kept) {
      proven.set(session.ticket, Math.max(session.proven, proven.get(session.ticket) ?? 0));
    }
    for (const [ticket, session] of this.#open) session.kept = proven.get(ticket) ?? 0;
    this.#endedAtRisk = 0;
    for (const session of this.#ended) {
      session.kept = proven.get(session.ticket) ?? 0;
      this.#endedAtRisk += atRisk(session.proven, session);
    }
  }

  note(snapshot: SessionSnapshot, noted: Moment): void {
    const known = this.#open.get(snapshot.ticket.hash);
    if (known) {
      known.snapshot = snapshot;
      known.noted = noted;
      known.dirty = true;
      return;
    }
    this.#open.set(snapshot.ticket.hash, {
      id: this.#nextId++,
      snapshot,
      noted,
      stored: false,
      dirty: true,
      durable: 0,
      kept: 0,
      recorded: { at: noted.monotonic, proven: 0 },
    });
  }

  /** Ends a session, with what is recorded of it. */
  end(ended: Unsaved): void {
    const { stored = false, id = 0, durable = 0, kept = 0 } = this.#open.get(ended.ticket) ?? {};
    if (stored) this.#stale.push(id);
    this.#addEnded({ ...ended, durable, kept });
    this.#open.delete(ended.ticket);
  }

  /** Adds one of an earlier start, which came back from the broker. */
  takeBack(ended: Unsaved): void {
    this.#addEnded({ ...ended, durable: 0, kept: 0 });
  }

  #addEnded(ended: EndedSession): void {
    this.#ended.push(ended);
    this.#endedAtRisk += atRisk(ended.proven, ended);
  }

  get(ticket: Hash): RestoredSession | undefined {
    const session = this.#open.get(ticket);
    return session && restoredFrom(session.snapshot);
  }

  /** Sessions that are due an interim record; they count as recorded from now on. */
  takeLong(now: Milliseconds, period: Milliseconds, amount: Bytes): SessionSnapshot[] {
    const due = [...this.#open.values()].filter(({ snapshot, recorded }) => {
      const fresh = provenBytes(snapshot) - recorded.proven;
      return fresh > 0 && (fresh >= amount || now - recorded.at >= period);
    });
    for (const session of due) {
      session.recorded = { at: now, proven: provenBytes(session.snapshot) };
    }
    return due.map(({ snapshot }) => snapshot);
  }

  changes(): SessionChanges {
    const dirty = [...this.#open.values()].filter((session) => session.dirty);
    return {
      sessions: dirty
        .filter(({ stored }) => !stored)
        .map(({ id, snapshot }) => ({
          id,
          ticket: snapshot.ticket.bytes,
          boot: this.#boot,
          started: Math.floor(snapshot.started),
        })),
      progress: dirty.map(({ id, snapshot, noted }) => ({
        id,
        receipt: snapshot.receipt?.bytes ?? null,
        receipt_sequence: snapshot.receipt?.body.sequence ?? 0,
        proven: provenBytes(snapshot),
        wire: snapshot.wireBytes,
        noted: Math.floor(noted.monotonic),
        wall: noted.wall,
        quality: noted.quality,
      })),
      endedSessions: [...this.#stale],
    };
  }

  /** What `changes` told is durable now. */
  settle(): void {
    this.#stale = [];
    this.#ended = [];
    this.#endedAtRisk = 0;
    for (const session of this.#open.values()) {
      session.stored = true;
      session.dirty = false;
      session.durable = provenBytes(session.snapshot);
    }
  }

  #entryOf(snapshot: SessionSnapshot, noted: Moment): Entry {
    return {
      ticket: snapshot.ticket.bytes,
      ...(snapshot.receipt ? { receipt: snapshot.receipt.bytes } : {}),
      wireBytes: snapshot.wireBytes,
      bootId: this.#boot,
      started: snapshot.started,
      ended: noted.monotonic,
      wallTime: noted.wall,
      clockQuality: noted.quality,
      closeReason: "restart",
    };
  }
}

const atRisk = (proven: number, { durable, kept }: Safe) =>
  Math.max(0, proven - Math.max(durable, kept));

/** The record of a session that a restart cut off, from its rows. */
export function entryOfRestart(session: SessionRow, progress: ProgressRow): Entry {
  return {
    ticket: session.ticket,
    ...(progress.receipt ? { receipt: progress.receipt } : {}),
    wireBytes: progress.wire as Bytes,
    bootId: session.boot as Id,
    started: session.started as Milliseconds,
    ended: Math.max(session.started, progress.noted) as Milliseconds,
    wallTime: progress.wall as UnixSeconds,
    clockQuality: progress.quality as ClockQuality,
    closeReason: "restart",
  };
}
