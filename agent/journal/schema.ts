/**
 * The journal's tables and their versions. `user_version` is major × 1000 + minor: a binary uses a
 * journal of its own major number, also a newer minor one (which may only have added things); it
 * never touches one of another major.
 */
import type { Database } from "./database.ts";
import { defineTable, type Row, type Table } from "./table.ts";

/** One row: where this box's chain of usage records stands. */
export const chainTable = defineTable("chain", {
  box: "text",
  generation: "integer",
  /** Of the newest record; 0 in a generation without any. */
  sequence: "integer",
  head: "text",
  /** The newest record that the coordinator has answered. */
  acked: "integer",
  acked_head: "text",
  credited: "text",
  quarantine: "text?",
  boots: "integer",
});

/** Sessions that were open at the last commit: what does not change about them. */
export const sessionTable = defineTable("session", {
  ticket: "blob",
  boot: "text",
  started: "integer",
});

/** …and what does; apart, because it is written again and again. */
export const progressTable = defineTable("progress", {
  receipt: "blob?",
  receipt_sequence: "integer",
  proven: "integer",
  wire: "integer",
  noted: "integer",
  wall: "integer",
  quality: "text",
});

/** How far tickets came whose sessions ended (`closed-tickets.ts`): one row for each commit. */
export const closedTable = defineTable("closed", { body: "blob" });

/** Records of one commit, packed together (`segment.ts`): the outbox. */
export const segmentTable = defineTable("segment", {
  generation: "integer",
  first: "integer",
  last: "integer",
  body: "blob",
});

export const viewerTable = defineTable("viewer", {
  key: "text",
  window: "integer",
  strikes: "integer",
});

/** The newest signed acks, as received: evidence for the household's export. Rows are used in turn. */
export const ackTable = defineTable("ack", { number: "integer", body: "blob" });

export type ChainRow = RowOf<typeof chainTable>;
export type SessionRow = RowOf<typeof sessionTable>;
export type ProgressRow = RowOf<typeof progressTable>;
export type ClosedRow = RowOf<typeof closedTable>;
export type SegmentRow = RowOf<typeof segmentTable>;
/** Where records lie, without the records. */
export type SegmentPlace = Omit<SegmentRow, "body"> & { readonly size: number };
export type ViewerRow = RowOf<typeof viewerTable>;
export type AckRow = RowOf<typeof ackTable>;
type RowOf<T> = T extends Table<infer C> ? Row<C> : never;

/**
 * Small, because a commit that changes three counters writes three of them; not the smallest, because
 * SQLite makes two calls of each.
 */
export const PAGE_SIZE = 2048;
/** What journals of earlier versions have; a file keeps the size it was made with. */
const FORMER_PAGE_SIZES = [1024];

/** The page size of a journal whose header may be damaged. */
export function pageSizeOf(database: Buffer): number {
  const told = database.length >= 18 ? database.readUInt16BE(16) : PAGE_SIZE;
  return FORMER_PAGE_SIZES.includes(told) ? told : PAGE_SIZE;
}

const MAJOR = 1;
export const versionOf = (minor: number) => MAJOR * 1000 + minor;

/** Forward only; entry N brings a journal from minor version N to N + 1. */
const migrations: readonly (readonly string[])[] = [
  [chainTable, sessionTable, progressTable, closedTable, segmentTable, viewerTable, ackTable].map(
    (table) => table.create,
  ),
];

export type Compatibility = "current" | "newer-compatible" | "incompatible";

/** Brings the schema up to date inside one transaction; a newer minor version is left as it is. */
export function migrate(db: Database): Compatibility {
  const found = Number(db.pragma("user_version"));
  if (found !== 0 && Math.floor(found / 1000) !== MAJOR) return "incompatible";
  const from = found === 0 ? 0 : found % 1000;
  if (from > migrations.length) return "newer-compatible";
  if (from < migrations.length) {
    db.exec("BEGIN IMMEDIATE");
    for (const statement of migrations.slice(from).flat()) db.exec(statement);
    db.exec(`PRAGMA user_version = ${versionOf(migrations.length)}`);
    db.exec("COMMIT");
  }
  return "current";
}
