/**
 * Sessions of an origin: counted while they live, because a ticket's limit holds there too, but never
 * recorded, because an origin is not paid.
 */
import type { Hash, PublicKey } from "../core/encoding.ts";
import type { Bytes } from "../core/units.ts";
import type {
  RestoredSession,
  SessionJournal,
  SessionSnapshot,
  ViewerStanding,
} from "./session-journal.ts";

/** Tickets and viewers remembered; the oldest are forgotten first. Tickets live two hours at most. */
const MOST_REMEMBERED = 10_000;

export class UnrecordedSessions implements SessionJournal {
  readonly #onProven: (ticket: Hash, proven: Bytes) => void;
  readonly #sessions = new Map<Hash, RestoredSession>();
  readonly #viewers = new Map<PublicKey, ViewerStanding>();

  /** `onProven` hears what viewers signed for: unpaid, but it backs the plays that creators are paid for. */
  constructor(onProven: (ticket: Hash, proven: Bytes) => void = () => {}) {
    this.#onProven = onProven;
  }

  viewer(key: PublicKey): ViewerStanding | undefined {
    return this.#viewers.get(key);
  }

  noteViewer(key: PublicKey, standing: ViewerStanding): void {
    remember(this.#viewers, key, standing);
  }

  admits() {
    return { ok: true } as const;
  }

  restore(ticket: Hash): RestoredSession | undefined {
    return this.#sessions.get(ticket);
  }

  note({ ticket, receipt, wireBytes }: SessionSnapshot): void {
    const proven = receipt?.body.bytes ?? (0 as RestoredSession["proven"]);
    const receiptSequence = receipt?.body.sequence ?? 0;
    if (receipt) this.#onProven(ticket.hash, proven);
    remember(this.#sessions, ticket.hash, { wireBytes, proven, receiptSequence });
  }

  close(snapshot: SessionSnapshot): void {
    this.note(snapshot);
  }
}

function remember<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > MOST_REMEMBERED && oldest !== undefined) map.delete(oldest);
}
