/**
 * Reads a journal that was put aside as far as it can be read: each row that fits its digest. First
 * the way its trees lead, then every leaf by itself, for trees that are broken further up.
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { PublicKey } from "../core/encoding.ts";
import { errnoOf } from "../core/errors.ts";
import type { Database, OpenDatabase } from "./database.ts";
import { JOURNAL_FILE, LOG_FILE } from "./quarantine.ts";
import {
  ackTable,
  chainTable,
  closedTable,
  migrate,
  pageSizeOf,
  progressTable,
  segmentTable,
  sessionTable,
  viewerTable,
} from "./schema.ts";
import { type Loaded, placeOf } from "./store.ts";
import { type Columns, DamagedRow, type Row, type Table } from "./table.ts";
import { readWal } from "./wal.ts";

/** First byte of a page that holds rows (sqlite.org/fileformat2.html §1.6). */
const TABLE_LEAF = 0x0d;
const PAGE_COUNT_AT = 28;

const tables = {
  chain: chainTable,
  session: sessionTable,
  progress: progressTable,
  closed: closedTable,
  segment: segmentTable,
  viewer: viewerTable,
  ack: ackTable,
};

type Name = keyof typeof tables;

interface ReadableTable {
  readonly name: string;
  parse(row: unknown): { readonly id: number };
}

/** Rows by table and id; the first that was found stands. */
type Found = Readonly<Record<Name, Map<number, unknown>>>;

/** Everything readable of this box in a directory made by `putAside`, which itself is not changed. */
export function salvage(aside: string, box: PublicKey, openDatabase: OpenDatabase): Loaded {
  const work = join(aside, "reading");
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work);
  try {
    const found = Object.fromEntries(
      Object.keys(tables).map((name) => [name, new Map()]),
    ) as unknown as Found;
    const { pages, pageSize } = applyLog(join(aside, JOURNAL_FILE), join(aside, LOG_FILE));
    const path = join(work, JOURNAL_FILE);
    writeFileSync(path, pages);
    collect(path, found, openDatabase);
    const template = layOut(join(work, "template"), pageSize, openDatabase);
    collectLeaves(path, pages, template, found, openDatabase);
    return loadedFrom(found, box);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function loadedFrom(found: Found, box: PublicKey): Loaded {
  const rows = <C extends Columns>(table: Table<C>, name: Name): Row<C>[] =>
    [...found[name].values()].map((row) => table.parse(row)).sort((a, b) => a.id - b.id);
  const chain = rows(chainTable, "chain")[0];
  const ours = !chain || chain.box === box;
  const keep = <T>(list: readonly T[]) => (ours ? list : []);
  const segments = keep(rows(segmentTable, "segment"));
  return {
    chain: ours ? chain : undefined,
    sessions: keep(rows(sessionTable, "session")),
    progress: keep(rows(progressTable, "progress")),
    closed: keep(rows(closedTable, "closed")),
    segments: segments.map(placeOf),
    readSegment: (id) => segments.find((row) => row.id === id),
    viewers: keep(rows(viewerTable, "viewer")),
    acks: keep(rows(ackTable, "ack")),
  };
}

/** The database's pages with the log's sound frames in them, as a checkpoint would if it skipped bad ones. */
function applyLog(path: string, log: string) {
  const whole = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  const pageSize = pageSizeOf(whole);
  if (!existsSync(log)) return { pages: whole, pageSize };
  const { frames } = readWal(readFileSync(log), pageSize);
  const end = frames.findLastIndex(({ sound, commit }) => sound && commit > 0);
  const count = frames[end]?.commit ?? 0;
  const size = frames[0]?.data.length ?? pageSize;
  const pages = Buffer.alloc(Math.max(whole.length, count * size));
  whole.copy(pages);
  for (const { page, sound, data } of frames.slice(0, end + 1)) {
    if (sound) pages.set(data, (page - 1) * size);
  }
  return { pages, pageSize: size };
}

/**
 * Puts the header and the schema of a fresh journal over those of the damaged one (every journal's
 * tables are made in the same order, so they begin at the same pages), then each leaf in turn where
 * the tables begin, and lets SQLite read it as if it were the whole table.
 */
function collectLeaves(
  path: string,
  pages: Buffer,
  { pageSize, schema, roots }: Layout,
  found: Found,
  openDatabase: OpenDatabase,
): void {
  const database = Buffer.from(pages);
  for (const { page, data } of schema) data.copy(database, (page - 1) * pageSize);
  if (database.length < pageSize) return;
  database.writeUInt32BE(Math.floor(database.length / pageSize), PAGE_COUNT_AT);
  writeFileSync(path, database);
  for (let at = pageSize; at + pageSize <= pages.length; at += pageSize) {
    if (pages[at] !== TABLE_LEAF) continue;
    const file = openSync(path, "r+");
    for (const root of roots) {
      writeSync(file, pages, at, pageSize, (root - 1) * pageSize);
    }
    closeSync(file);
    collect(path, found, openDatabase);
  }
}

/** Where a fresh journal has its schema and the roots of its tables. */
interface Layout {
  readonly pageSize: number;
  readonly schema: readonly { readonly page: number; readonly data: Buffer }[];
  readonly roots: readonly number[];
}

function layOut(template: string, pageSize: number, openDatabase: OpenDatabase): Layout {
  const fresh = openDatabase(template, { readOnly: false });
  fresh.pragma(`page_size = ${pageSize}`);
  migrate(fresh);
  const numbers = (sql: string) =>
    [...fresh.prepare(sql).iterate()].map((row) => Number((row as { page: unknown }).page));
  const schema = numbers("SELECT pageno AS page FROM dbstat WHERE name = 'sqlite_schema'");
  const roots = numbers("SELECT rootpage AS page FROM sqlite_schema");
  fresh.close();
  const source = readFileSync(template);
  return {
    pageSize,
    roots,
    schema: schema.map((page) => ({
      page,
      data: source.subarray((page - 1) * pageSize, page * pageSize),
    })),
  };
}

/** Adds rows that fit their digest and whose ids are not known yet. */
function collect(path: string, found: Found, openDatabase: OpenDatabase): void {
  let db: Database | undefined;
  try {
    db = openDatabase(path, { readOnly: true });
    for (const [name, table] of Object.entries<ReadableTable>(tables)) {
      for (const order of ["ASC", "DESC"]) readRows(db, table, order, found[name as Name]);
    }
  } catch (fault) {
    if (!isSqlite(fault)) throw fault;
  } finally {
    db?.close();
  }
}

/** Up to the first page that cannot be read. */
function readRows(
  db: Database,
  table: ReadableTable,
  order: string,
  found: Map<number, unknown>,
): void {
  try {
    for (const row of db.prepare(`SELECT * FROM ${table.name} ORDER BY id ${order}`).iterate()) {
      const id = fittingId(table, row);
      if (id !== undefined && !found.has(id)) found.set(id, row);
    }
  } catch (fault) {
    if (!isSqlite(fault)) throw fault;
  }
}

function fittingId(table: ReadableTable, row: unknown): number | undefined {
  try {
    return table.parse(row).id;
  } catch (fault) {
    if (fault instanceof DamagedRow) return undefined;
    throw fault;
  }
}

const isSqlite = (fault: unknown) => errnoOf(fault)?.startsWith("SQLITE_") === true;
