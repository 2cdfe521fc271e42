import { fromHex, type Hash, toHex } from "../../core/encoding.ts";
import type { UnixSeconds } from "../../core/units.ts";
import type { SqliteDatabase } from "./sqlite.ts";

/** How far the coordinator has taken one generation of a box's records. */
export interface Chain {
  readonly generation: number;
  readonly sequence: number;
  readonly head: Hash;
  readonly openedAt: UnixSeconds;
}

export interface RecordOutcome {
  readonly box: number;
  readonly generation: number;
  readonly sequence: number;
  readonly hash: Hash;
  /** As received. */
  readonly bytes: Uint8Array;
  readonly creditedBytes: number;
  readonly code?: string | undefined;
  readonly at: UnixSeconds;
}

interface StoredRecord {
  readonly hash: Uint8Array;
  readonly bytes: Uint8Array;
  readonly credited_bytes: number;
  readonly code: string | null;
}

export function createRecordRows(db: SqliteDatabase) {
  const insert = db.prepare(
    `INSERT INTO records (box, generation, sequence, hash, bytes, credited_bytes, code, received_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const one = db.prepare<StoredRecord>(
    `SELECT hash, bytes, credited_bytes, code FROM records
     WHERE box = ? AND generation = ? AND sequence = ?`,
  );
  const refused = db.prepare<{ sequence: number; code: string }>(
    `SELECT sequence, code FROM records
     WHERE box = ? AND generation = ? AND sequence BETWEEN ? AND ? AND code IS NOT NULL
     ORDER BY sequence LIMIT ?`,
  );
  const list = db.prepare<{ generation: number; sequence: number; bytes: Uint8Array }>(
    `SELECT generation, sequence, bytes FROM records WHERE box = ?
     ORDER BY generation DESC, sequence DESC LIMIT ?`,
  );
  const count = db.prepare<{ records: number; credited: number }>(
    "SELECT count(*) AS records, coalesce(sum(credited_bytes), 0) AS credited FROM records",
  );
  const chains = db.prepare<{
    generation: number;
    sequence: number;
    head: Uint8Array;
    opened_at: number;
  }>("SELECT generation, sequence, head, opened_at FROM chains WHERE box = ? ORDER BY generation");
  const saveChain = db.prepare(
    `INSERT INTO chains (box, generation, sequence, head, opened_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (box, generation) DO UPDATE SET sequence = excluded.sequence, head = excluded.head`,
  );
  const hold = db.prepare(
    `INSERT INTO held (box, generation, sequence, hash, bytes) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (box, generation, sequence) DO NOTHING`,
  );
  const heldOne = db.prepare<{ hash: Uint8Array; bytes: Uint8Array }>(
    "SELECT hash, bytes FROM held WHERE box = ? AND generation = ? AND sequence = ?",
  );
  const heldCount = db.prepare<{ held: number }>("SELECT count(*) AS held FROM held WHERE box = ?");
  const release = db.prepare("DELETE FROM held WHERE box = ? AND generation = ? AND sequence <= ?");
  const dropHeld = db.prepare("DELETE FROM held WHERE box = ?");
  return {
    append: (r: RecordOutcome) =>
      insert.run(
        r.box,
        r.generation,
        r.sequence,
        fromHex(r.hash),
        r.bytes,
        r.creditedBytes,
        r.code ?? null,
        r.at,
      ),
    get(box: number, generation: number, sequence: number) {
      const row = one.get(box, generation, sequence);
      return row && { ...row, hash: toHex(row.hash) as Hash };
    },
    /** Outcomes with a code in a range of sequence numbers, for an ack. */
    refusedBetween: (box: number, generation: number, from: number, to: number, limit: number) =>
      refused.all(box, generation, from, to, limit),
    /** A box's records, newest first, as received: an auditor's or the box's own export. */
    newest: (box: number, limit: number) => list.all(box, limit),
    totals: () => count.get() ?? { records: 0, credited: 0 },
    chains: (box: number): Chain[] =>
      chains.all(box).map((row) => ({
        generation: row.generation,
        sequence: row.sequence,
        head: toHex(row.head) as Hash,
        openedAt: row.opened_at as UnixSeconds,
      })),
    saveChain: (box: number, c: Chain) =>
      saveChain.run(box, c.generation, c.sequence, fromHex(c.head), c.openedAt),
    /** Keeps a record that came before its predecessor. */
    hold: (box: number, generation: number, sequence: number, hash: Hash, bytes: Uint8Array) =>
      hold.run(box, generation, sequence, fromHex(hash), bytes),
    held(box: number, generation: number, sequence: number) {
      const row = heldOne.get(box, generation, sequence);
      return row && { hash: toHex(row.hash) as Hash, bytes: row.bytes };
    },
    heldCount: (box: number) => heldCount.get(box)?.held ?? 0,
    releaseUpTo: (box: number, generation: number, sequence: number) =>
      release.run(box, generation, sequence),
    dropHeld: (box: number) => dropHeld.run(box),
  };
}
