import type { Play } from "../../accounting/messages.ts";
import { fromHex, type Hash, type PublicKey, toHex } from "../../core/encoding.ts";
import type { UnixSeconds } from "../../core/units.ts";
import type { SqliteDatabase } from "./sqlite.ts";

/** `pending`: long enough, but the receipts that must back it have not all come in yet. */
export type PlayState = "pending" | "qualified" | "refused";

export interface PlayRow {
  readonly id: string;
  readonly hash: Hash;
  readonly viewer: PublicKey;
  readonly title: Hash;
  readonly started_at: UnixSeconds;
  readonly played_ms: number;
  readonly needed_bytes: number;
  readonly state: PlayState;
  readonly code: string | null;
  readonly bytes: Uint8Array;
  readonly received_at: UnixSeconds;
  /** What it was paid by; null until then, and for plays that earlier versions paid. */
  readonly split: Hash | null;
  readonly price_list: number | null;
}

/** How far the waiting plays were looked through. */
export interface PendingPlace {
  readonly receivedAt: number;
  readonly row: number;
}

export const FIRST_PENDING: PendingPlace = { receivedAt: 0, row: 0 };

type Raw = Omit<PlayRow, "hash"> & { readonly hash: Uint8Array };

const toRow = (raw: Raw): PlayRow => ({ ...raw, hash: toHex(raw.hash) as Hash });

export function createPlayRows(db: SqliteDatabase) {
  const byId = db.prepare<Raw>("SELECT * FROM plays WHERE id = ?");
  const byHash = db.prepare<Raw>("SELECT * FROM plays WHERE hash = ?");
  const insert = db.prepare(
    `INSERT INTO plays (id, hash, viewer, title, started_at, played_ms, needed_bytes, state, code,
     bytes, received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const decide = db.prepare("UPDATE plays SET state = ?, code = ? WHERE id = ?");
  const paid = db.prepare("UPDATE plays SET split = ?, price_list = ? WHERE id = ?");
  const pending = db.prepare<Raw & { row: number }>(
    `SELECT rowid AS row, * FROM plays WHERE state = 'pending' AND (received_at, rowid) > (?, ?)
     ORDER BY received_at, rowid LIMIT ?`,
  );
  const forgetRefused = db.prepare(
    `DELETE FROM plays WHERE id IN (SELECT id FROM plays
     WHERE state = 'refused' AND received_at < ? LIMIT ?)`,
  );
  const qualified = db.prepare<Pick<Raw, "started_at" | "played_ms" | "needed_bytes">>(
    `SELECT started_at, played_ms, needed_bytes FROM plays
     WHERE viewer = ? AND title = ? AND started_at BETWEEN ? AND ? AND state = 'qualified'`,
  );
  const overlapping = db.prepare<{ plays: number }>(
    `SELECT count(*) AS plays FROM plays WHERE viewer = ? AND state <> 'refused'
     AND started_at < ? AND started_at + played_ms / 1000 > ?`,
  );
  const count = db.prepare<{ plays: number }>(
    "SELECT count(*) AS plays FROM plays WHERE state = ?",
  );
  return {
    count: (state: PlayState) => count.get(state)?.plays ?? 0,
    get: (id: string) => {
      const raw = byId.get(id);
      return raw && toRow(raw);
    },
    byHash: (hash: Hash) => {
      const raw = byHash.get(fromHex(hash));
      return raw && toRow(raw);
    },
    add: (
      play: Play,
      hash: Hash,
      bytes: Uint8Array,
      outcome: { needed: number; state: PlayState; code?: string | undefined; at: UnixSeconds },
    ) =>
      insert.run(
        play.id,
        fromHex(hash),
        play.viewer,
        play.title,
        play.startedAt,
        play.played,
        outcome.needed,
        outcome.state,
        outcome.code ?? null,
        bytes,
        outcome.at,
      ),
    decide: (id: string, state: PlayState, code: string | undefined) =>
      decide.run(state, code ?? null, id),
    notePaid: (id: string, split: Hash, priceList: number) => paid.run(split, priceList, id),
    /** Those that wait and came after a place in the queue, in the order in which they came. */
    pending: ({ receivedAt, row }: PendingPlace, limit: number) =>
      pending.all(receivedAt, row, limit).map(({ row: number, ...raw }) => ({
        play: toRow(raw),
        place: { receivedAt: raw.received_at, row: number },
      })),
    /** Those that were not paid, once they would be refused as stale. */
    forgetRefused: (receivedBefore: number, limit: number) =>
      forgetRefused.run(receivedBefore, limit).changes,
    /** Qualified plays that began in a period. */
    qualified: (viewer: PublicKey, title: Hash, from: number, to: number) =>
      qualified.all(viewer, title, from, to),
    /** Plays of the viewer, of any title, that run at the same time. */
    overlapping: (viewer: PublicKey, from: number, to: number) =>
      overlapping.get(viewer, to, from)?.plays ?? 0,
  };
}
