/**
 * A journal that cannot be used is kept as it is, for people to look at, and read as far as it can be
 * read: each row that fits its digest goes into the fresh journal.
 */
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { PublicKey } from "../core/encoding.ts";
import { errnoOf } from "../core/errors.ts";
import type { Database, OpenDatabase } from "./database.ts";
import {
  ackTable,
  chainTable,
  closedTable,
  progressTable,
  segmentTable,
  sentTable,
  sessionTable,
  viewerTable,
} from "./schema.ts";
import { type Loaded, placeOf } from "./store.ts";
import { type Columns, DamagedRow, type Row, type Table } from "./table.ts";

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

/** Everything readable in a journal that was put aside. Works on a copy: opening a WAL changes it. */
export function salvage(aside: string, box: PublicKey, openDatabase: OpenDatabase): Loaded {
  const copy = join(aside, "reading");
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy);
  try {
    for (const file of FILES) {
      if (existsSync(join(aside, file))) copyFileSync(join(aside, file), join(copy, file));
    }
    repairHeader(join(copy, FILES[0]));
    return readAll(join(copy, FILES[0]), box, openDatabase);
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

/**
 * Puts back the header's bytes that are the same in every journal of ours, so that a flip among them
 * does not hide the rows (sqlite.org/fileformat2.html §1.3): magic, page size, WAL versions.
 */
function repairHeader(path: string): void {
  const header = Buffer.from("SQLite format 3\0\x04\x00\x02\x02\x00\x40\x20\x20", "latin1");
  const file = openSync(path, "r+");
  try {
    writeSync(file, header, 0, header.length, 0);
  } finally {
    closeSync(file);
  }
}
