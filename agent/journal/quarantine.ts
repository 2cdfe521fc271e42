/**
 * A journal that cannot be used is kept as it is, for people to look at, and read as far as it can be
 * read: each row that fits its digest goes into the fresh journal.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { PublicKey } from "../core/encoding.ts";
import { errnoOf } from "../core/errors.ts";
import type { Database, OpenDatabase } from "./database.ts";
import {
  ackTable,
  chainTable,
  closedTable,
  migrate,
  PAGE_SIZE,
  progressTable,
  segmentTable,
  sentTable,
  sessionTable,
  viewerTable,
} from "./schema.ts";
import { type Loaded, placeOf } from "./store.ts";
import { type Columns, DamagedRow, type Row, type Table } from "./table.ts";
import { readWal } from "./wal.ts";

const FILES = ["journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm"] as const;
/** Copies kept; failing flash must not fill itself with them. */
const MOST_COPIES = 5;

/** The newest directory that `putAside` made, if any. */
export function newestAside(directory: string): string | undefined {
  const newest = numbersOf(directory).at(-1);
  return newest === undefined ? undefined : join(directory, `damaged-${newest}`);
}

const numbersOf = (directory: string) =>
  readdirSync(directory)
    .flatMap((name) => /^damaged-(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);

/** Moves the journal's files into a numbered directory beside them and returns its path. */
export function putAside(directory: string): string {
  const numbers = numbersOf(directory);
  const path = join(directory, `damaged-${(numbers.at(-1) ?? 0) + 1}`);
  mkdirSync(path, { mode: 0o700 });
  for (const file of FILES) {
    if (existsSync(join(directory, file))) renameSync(join(directory, file), join(path, file));
  }
  for (const number of numbers.slice(0, -(MOST_COPIES - 1))) {
    rmSync(join(directory, `damaged-${number}`), { recursive: true });
  }
  return path;
}

/** Everything readable in a journal that was put aside, which itself is not touched. */
export function salvage(aside: string, box: PublicKey, openDatabase: OpenDatabase): Loaded {
  const copy = join(aside, "reading");
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy);
  try {
    const path = join(copy, FILES[0]);
    copyFileSync(join(aside, FILES[0]), path);
    applyLog(path, join(aside, FILES[1]));
    const asItIs = readAll(path, box, openDatabase);
    if (asItIs.chain) return asItIs;
    transplantSchema(path, join(copy, "template"), openDatabase);
    return readAll(path, box, openDatabase);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

const nothing: Loaded = {
  chain: undefined,
  sent: undefined,
  sessions: [],
  progress: [],
  closed: [],
  segments: [],
  readSegment: () => undefined,
  viewers: [],
  acks: [],
};

function readAll(path: string, box: PublicKey, openDatabase: OpenDatabase): Loaded {
  let db: Database | undefined;
  try {
    db = openDatabase(path, { readOnly: false });
    const chain = readable(db, chainTable)[0];
    if (chain && chain.box !== box) return nothing;
    const segments = readable(db, segmentTable);
    return {
      chain,
      sent: readable(db, sentTable)[0],
      sessions: readable(db, sessionTable),
      progress: readable(db, progressTable),
      closed: readable(db, closedTable),
      segments: segments.map(placeOf),
      readSegment: (id) => segments.find((row) => row.id === id),
      viewers: readable(db, viewerTable),
      acks: readable(db, ackTable),
    };
  } catch (fault) {
    if (isSqlite(fault)) return nothing;
    throw fault;
  } finally {
    db?.close();
  }
}

/** Rows up to the first unreadable page from both ends, without those that do not fit their digest. */
function readable<C extends Columns>(db: Database, table: Table<C>): Row<C>[] {
  const rows = new Map<number, Row<C>>();
  for (const order of ["ASC", "DESC"]) {
    try {
      const all = db.prepare(`SELECT * FROM ${table.name} ORDER BY id ${order}`).iterate();
      for (const row of all) {
        const parsed = parseOrSkip(table, row);
        if (parsed) rows.set(parsed.id, parsed);
      }
    } catch (fault) {
      if (!isSqlite(fault)) throw fault;
    }
  }
  return [...rows.values()].sort((a, b) => a.id - b.id);
}

function parseOrSkip<C extends Columns>(table: Table<C>, row: unknown): Row<C> | undefined {
  try {
    return table.parse(row);
  } catch (fault) {
    if (fault instanceof DamagedRow) return undefined;
    throw fault;
  }
}

const isSqlite = (fault: unknown) => errnoOf(fault)?.startsWith("SQLITE_") === true;

/** Copies the log's sound frames into the database, as a checkpoint would if it skipped bad ones. */
function applyLog(path: string, log: string): void {
  if (!existsSync(log)) return;
  const { frames } = readWal(readFileSync(log), PAGE_SIZE);
  const end = frames.findLastIndex(({ sound, commit }) => sound && commit > 0);
  const whole = readFileSync(path);
  const pages = frames[end]?.commit ?? 0;
  const database = Buffer.alloc(Math.max(whole.length, pages * PAGE_SIZE));
  whole.copy(database);
  for (const { page, sound, data } of frames.slice(0, end + 1)) {
    if (sound) database.set(data, (page - 1) * PAGE_SIZE);
  }
  writeFileSync(path, database);
}

/**
 * Puts the header and the schema of a fresh journal over those of a damaged one. Every journal's
 * tables are made in the same order, so they begin at the same pages.
 */
function transplantSchema(path: string, template: string, openDatabase: OpenDatabase): void {
  const fresh = openDatabase(template, { readOnly: false });
  fresh.pragma(`page_size = ${PAGE_SIZE}`);
  migrate(fresh);
  const schemaPages = [
    ...fresh.prepare("SELECT pageno FROM dbstat WHERE name = 'sqlite_schema'").iterate(),
  ].map((row) => Number((row as { pageno: unknown }).pageno));
  fresh.close();
  const database = readFileSync(path);
  const source = readFileSync(template);
  for (const page of schemaPages) {
    source.copy(database, (page - 1) * PAGE_SIZE, (page - 1) * PAGE_SIZE, page * PAGE_SIZE);
  }
  // Size of the database in pages (sqlite.org/fileformat2.html §1.3.7).
  database.writeUInt32BE(Math.floor(database.length / PAGE_SIZE), 28);
  writeFileSync(path, database);
}
