/** The sessions that are open now: what of them is durable, and what a power cut would take. */
import type { ClockQuality } from "../accounting/messages.ts";
import type { Hash, Id } from "../core/encoding.ts";
import type { Bytes, Milliseconds, UnixSeconds } from "../core/units.ts";
import type { Entry } from "./entry.ts";
import type { Moment } from "./moment.ts";
import type { ProgressRow, SessionRow } from "./schema.ts";
import type { RestoredSession, SessionSnapshot } from "./session-journal.ts";

interface OpenSession {
  readonly id: number;
  snapshot: SessionSnapshot;
  noted: Moment;
  /** Is the row with the ticket on disk? */
  stored: boolean;
  dirty: boolean;
  durable: number;
  /** Of its last interim record. */
  recorded: { at: Milliseconds; proven: number };
}

export interface SessionChanges {
  readonly sessions: readonly SessionRow[];
  readonly progress: readonly ProgressRow[];
  readonly endedSessions: readonly number[];
}

const provenBytes = (snapshot: SessionSnapshot) => snapshot.receipt?.body.bytes ?? 0;

export const restoredFrom = (snapshot: SessionSnapshot): RestoredSession => ({
  wireBytes: snapshot.wireBytes,
  proven: provenBytes(snapshot) as Bytes,
  receiptSequence: snapshot.receipt?.body.sequence ?? 0,
});

export class OpenSessions {
  readonly #boot: Id;
  readonly #open = new Map<Hash, OpenSession>();
  #ended: number[] = [];
  #nextId: number;

  constructor(boot: Id, nextId: number) {
    this.#boot = boot;
    this.#nextId = nextId;
  }

  /** Proven bytes that are not durable yet. */
  get atRisk(): Bytes {
    let sum = 0;
    for (const { snapshot, durable } of this.#open.values()) sum += provenBytes(snapshot) - durable;
    return sum as Bytes;
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
      recorded: { at: noted.monotonic, proven: 0 },
    });
  }

  end(ticket: Hash): void {
    const session = this.#open.get(ticket);
    if (session?.stored) this.#ended.push(session.id);
    this.#open.delete(ticket);
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
      endedSessions: [...this.#ended],
    };
  }

  /** What `changes` told is durable now. */
  settle(): void {
    this.#ended = [];
    for (const session of this.#open.values()) {
      session.stored = true;
      session.dirty = false;
      session.durable = provenBytes(session.snapshot);
    }
  }
}

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
