import type { Ticket } from "../../accounting/messages.ts";
import { fromHex, type Hash, type PublicKey } from "../../core/encoding.ts";
import type { Bytes, UnixSeconds } from "../../core/units.ts";
import type { Delivered } from "../play-backing.ts";
import type { SqliteDatabase } from "./sqlite.ts";

/** What crediting needs of a ticket, without decoding its bytes again. */
export interface TicketRow {
  readonly box: PublicKey;
  readonly viewer: PublicKey;
  readonly title: Hash;
  readonly split: Hash;
  readonly price_list: number;
  readonly max_bytes: Bytes;
  readonly not_before: UnixSeconds;
  readonly expires: UnixSeconds;
  readonly settle_by: UnixSeconds;
  /** A refusal code when what it proves is not paid. */
  readonly unpaid: string | null;
  /** Largest valid cumulative count so far. */
  readonly proven_bytes: Bytes;
  /** How much of it was paid. */
  readonly paid_bytes: Bytes;
}

type TicketToKeep = Omit<Ticket, "id" | "startBy">;

export function createTicketRows(db: SqliteDatabase) {
  const byHash = db.prepare<TicketRow>(
    `SELECT box, viewer, title, split, price_list, max_bytes, not_before, expires, settle_by,
     unpaid, proven_bytes, paid_bytes FROM tickets WHERE hash = ?`,
  );
  const insert = db.prepare(
    `INSERT INTO tickets (hash, box, viewer, title, split, price_list, max_bytes, not_before,
     expires, settle_by, unpaid) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (hash) DO NOTHING`,
  );
  const progress = db.prepare("UPDATE tickets SET proven_bytes = ?, paid_bytes = ? WHERE hash = ?");
  const unpaid = db.prepare("UPDATE tickets SET unpaid = ? WHERE hash = ?");
  const raise = db.prepare(
    "UPDATE tickets SET proven_bytes = min(max_bytes, ?) WHERE hash = ? AND box = ? AND proven_bytes < ?",
  );
  const delivered = db.prepare<Delivered>(
    `SELECT not_before AS at, sum(proven_bytes) AS bytes FROM tickets
     WHERE viewer = ? AND title = ? AND not_before BETWEEN ? AND ? AND proven_bytes > 0
     GROUP BY not_before`,
  );
  const lastSplit = db.prepare<{ split: Hash; price_list: number }>(
    `SELECT split, price_list FROM tickets
     WHERE viewer = ? AND title = ? AND not_before BETWEEN ? AND ? AND proven_bytes > 0
     ORDER BY not_before LIMIT 1`,
  );
  const promised = db.prepare<{ bytes: number; tickets: number }>(
    `SELECT coalesce(sum(max_bytes - proven_bytes), 0) AS bytes, count(*) AS tickets
     FROM tickets WHERE viewer = ? AND expires > ?`,
  );
  const hadFrom = db.prepare<{ tickets: number }>(
    "SELECT count(*) AS tickets FROM tickets WHERE box = ? AND viewer = ? AND expires > ?",
  );
  const hasProven = db.prepare<{ found: number }>(
    `SELECT 1 AS found FROM tickets WHERE viewer = ? AND not_before >= ? AND proven_bytes > 0
     LIMIT 1`,
  );
  const addDay = db.prepare(
    `INSERT INTO usage_days (day, viewer, box, bytes) VALUES (?, ?, ?, ?)
     ON CONFLICT (day, viewer, box) DO UPDATE SET bytes = bytes + excluded.bytes`,
  );
  const viewerDay = db.prepare<{ bytes: number }>(
    "SELECT coalesce(sum(bytes), 0) AS bytes FROM usage_days WHERE day = ? AND viewer = ?",
  );
  const pairDay = db.prepare<{ bytes: number }>(
    "SELECT bytes FROM usage_days WHERE day = ? AND viewer = ? AND box = ?",
  );
  const edges = db.prepare<{ viewer: PublicKey; box: PublicKey; bytes: number }>(
    "SELECT viewer, box, sum(bytes) AS bytes FROM usage_days WHERE day >= ? GROUP BY viewer, box",
  );
  const forgetUnused = db.prepare(
    `DELETE FROM tickets WHERE hash IN (SELECT hash FROM tickets
     WHERE proven_bytes = 0 AND unpaid IS NULL AND expires < ? LIMIT ?)`,
  );
  const prune = db.prepare("DELETE FROM usage_days WHERE day < ?");
  return {
    get: (hash: Hash) => byHash.get(fromHex(hash)),
    /** Idempotent; `unpaid` is a refusal code. */
    add: (hash: Hash, t: TicketToKeep, unpaid: string | undefined) =>
      insert.run(
        fromHex(hash),
        t.box,
        t.viewer,
        t.title,
        t.split,
        t.priceList,
        t.maxBytes,
        t.notBefore,
        t.expires,
        t.settleBy,
        unpaid ?? null,
      ),
    /** Those that proved nothing: a record that comes later brings its ticket along. */
    forgetUnused: (expiredBefore: number, limit: number) =>
      forgetUnused.run(expiredBefore, limit).changes,
    noteProgress: (hash: Hash, proven: number, paidBytes: number) =>
      progress.run(proven, paidBytes, fromHex(hash)),
    /** What a box that is not paid, the origin, delivered on one of its own tickets; never falls. */
    raiseProven: (hash: Hash, box: PublicKey, bytes: number) =>
      raise.run(bytes, fromHex(hash), box, bytes),
    /** From now on nothing that the ticket proves is paid. */
    setUnpaid: (hash: Hash, code: string) => unpaid.run(code, fromHex(hash)),
    /** Bytes of a title that a viewer signed for, by the second in which the tickets were issued. */
    delivered: (viewer: PublicKey, title: Hash, from: number, to: number) =>
      delivered.all(viewer, title, from, to),
    /** The split and price list of the first ticket that delivered something in the period. */
    splitOf: (viewer: PublicKey, title: Hash, from: number, to: number) =>
      lastSplit.get(viewer, title, from, to),
    openOf: (viewer: PublicKey, now: UnixSeconds) =>
      promised.get(viewer, now) ?? { bytes: 0, tickets: 0 },
    /** Did the viewer get a ticket for the box that was still good then? */
    hadTicket: (viewer: PublicKey, box: PublicKey, since: number) =>
      (hadFrom.get(box, viewer, since)?.tickets ?? 0) > 0,
    /** Has the viewer signed for anything since then? */
    hasProven: (viewer: PublicKey, since: number) => hasProven.get(viewer, since) !== undefined,
    addUsage: (day: number, viewer: PublicKey, box: PublicKey, bytes: number) =>
      addDay.run(day, viewer, box, bytes),
    viewerUsage: (day: number, viewer: PublicKey) => viewerDay.get(day, viewer)?.bytes ?? 0,
    pairUsage: (day: number, viewer: PublicKey, box: PublicKey) =>
      pairDay.get(day, viewer, box)?.bytes ?? 0,
    /** Who was paid for serving whom, summed since a day. */
    usageSince: (day: number) => edges.all(day),
    pruneUsage: (day: number) => prune.run(day),
  };
}
