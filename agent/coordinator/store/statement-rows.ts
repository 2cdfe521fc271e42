import { fromHex, type Hash, toHex } from "../../core/encoding.ts";
import type { UnixSeconds } from "../../core/units.ts";
import type { SqliteDatabase } from "./sqlite.ts";

export interface StatementRow {
  readonly epoch: number;
  readonly tree_size: number;
  readonly root: Hash;
  /** Signed bytes. */
  readonly bytes: Uint8Array;
  readonly closed_at: UnixSeconds;
}

type Raw = Omit<StatementRow, "root"> & { readonly root: Uint8Array };

const toRow = (raw: Raw): StatementRow => ({ ...raw, root: toHex(raw.root) as Hash });

export function createStatementRows(db: SqliteDatabase) {
  const byEpoch = db.prepare<Raw>("SELECT * FROM statements WHERE epoch = ?");
  const latest = db.prepare<Raw>("SELECT * FROM statements ORDER BY epoch DESC LIMIT 1");
  const insert = db.prepare(
    "INSERT INTO statements (epoch, tree_size, root, bytes, closed_at) VALUES (?, ?, ?, ?, ?)",
  );
  const node = db.prepare<{ hash: Uint8Array }>(
    "SELECT hash FROM merkle_nodes WHERE level = ? AND position = ?",
  );
  const addNode = db.prepare("INSERT INTO merkle_nodes (level, position, hash) VALUES (?, ?, ?)");
  const saveAck = db.prepare(
    `INSERT INTO acks (box, generation, bytes) VALUES (?, ?, ?)
     ON CONFLICT (box, generation) DO UPDATE SET bytes = excluded.bytes`,
  );
  const ack = db.prepare<{ bytes: Uint8Array }>(
    "SELECT bytes FROM acks WHERE box = ? ORDER BY generation DESC LIMIT 1",
  );
  return {
    get: (epoch: number) => {
      const raw = byEpoch.get(epoch);
      return raw && toRow(raw);
    },
    latest: () => {
      const raw = latest.get();
      return raw && toRow(raw);
    },
    add: (row: StatementRow) =>
      insert.run(row.epoch, row.tree_size, fromHex(row.root), row.bytes, row.closed_at),
    /** Root of the complete subtree of 2^level leaves at that position. */
    node(level: number, position: number): Hash | undefined {
      const row = node.get(level, position);
      return row && (toHex(row.hash) as Hash);
    },
    addNode: (level: number, position: number, hash: Hash) =>
      addNode.run(level, position, fromHex(hash)),
    saveAck: (box: number, generation: number, bytes: Uint8Array) =>
      saveAck.run(box, generation, bytes),
    /** The last ack for the newest generation of a box, as signed. */
    lastAck: (box: number) => ack.get(box)?.bytes,
  };
}
