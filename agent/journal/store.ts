/**
 * The journal's rows on disk: loads them all at the start, and writes one batch as one transaction
 * that is durable when it returns.
 */
import type { Bytes } from "../core/units.ts";
import type { Database, Statement } from "./database.ts";
import {
  type AckRow,
  ackTable,
  type ChainRow,
  type ClosedRow,
  chainTable,
  closedTable,
  type ProgressRow,
  progressTable,
  type SegmentPlace,
  type SegmentRow,
  type SessionRow,
  segmentTable,
  sessionTable,
  type ViewerRow,
  viewerTable,
} from "./schema.ts";

/** What one commit changes. Rows are put by id; `drop…` take away. */
export interface Batch {
  /** undefined where nothing changed. */
  readonly chain: ChainRow | undefined;
  readonly sessions: readonly SessionRow[];
  readonly progress: readonly ProgressRow[];
  readonly endedSessions: readonly number[];
  readonly closed: readonly ClosedRow[];
  /** Closed tickets with ids below this are forgotten. */
  readonly closedFrom: number;
  readonly segments: readonly SegmentRow[];
  /** Segments with ids below this are not needed any more. */
  readonly segmentsFrom: number;
  readonly viewers: readonly ViewerRow[];
  readonly viewersFrom: number;
  readonly acks: readonly AckRow[];
}

export interface Loaded {
  readonly chain: ChainRow | undefined;
  readonly sessions: readonly SessionRow[];
  readonly progress: readonly ProgressRow[];
  readonly closed: readonly ClosedRow[];
  readonly segments: readonly SegmentPlace[];
  readonly readSegment: ReadSegment;
  readonly viewers: readonly ViewerRow[];
  readonly acks: readonly AckRow[];
}

/** undefined when there is no such row. */
export type ReadSegment = (id: number) => SegmentRow | undefined;

export const placeOf = ({ body, ...place }: SegmentRow): SegmentPlace => ({
  ...place,
  size: body.length,
});

/** Of the WAL, after which what is in it is copied into the database. */
const CHECKPOINT_FRAMES = 4096;
/** In front of each page in the WAL (sqlite.org/fileformat2.html#walformat). */
const FRAME_HEADER = 24;

export class JournalStore {
  readonly #db: Database;
  /** Statements of commits, which are the same each time: to prepare one costs more than to run it. */
  readonly #statements = new Map<string, Statement>();
  readonly #pageSize: number;
  #frames: number;

  constructor(db: Database) {
    this.#db = db;
    this.#pageSize = Number(db.pragma("page_size"));
    this.#frames = this.#countFrames();
  }

  /** Throws DamagedRow, or what SQLite throws, when anything cannot be read as it was written. */
  load(): Loaded {
    const db = this.#db;
    return {
      chain: [...chainTable.all(db)][0],
      sessions: [...sessionTable.all(db)],
      progress: [...progressTable.all(db)],
      closed: [...closedTable.all(db)],
      segments: [...segmentTable.all(db).map(placeOf)],
      readSegment: (id) => this.segment(id),
      viewers: [...viewerTable.all(db)],
      acks: [...ackTable.all(db)],
    };
  }

  segment(id: number): SegmentRow | undefined {
    const row = this.#db.prepare("SELECT * FROM segment WHERE id = ?").get(id);
    return row === undefined ? undefined : segmentTable.parse(row);
  }

  /** Returns the bytes it wrote to the WAL and, where it was time to, to the database. */
  write(batch: Batch): Bytes {
    const db = this.#db;
    db.exec("BEGIN IMMEDIATE");
    try {
      this.#apply(batch);
      db.exec("COMMIT");
    } catch (fault) {
      this.#rollBack();
      throw fault;
    }
    return this.#written();
  }

  close(): void {
    this.#db.close();
  }

  #apply(batch: Batch): void {
    const db = { prepare: (sql: string) => this.#prepared(sql) };
    if (batch.chain) chainTable.put(db, [batch.chain]);
    sessionTable.put(db, batch.sessions);
    progressTable.put(db, batch.progress);
    for (const table of ["session", "progress"]) {
      const drop = db.prepare(`DELETE FROM ${table} WHERE id = ?`);
      for (const id of batch.endedSessions) drop.run(id);
    }
    closedTable.put(db, batch.closed);
    segmentTable.put(db, batch.segments);
    viewerTable.put(db, batch.viewers);
    ackTable.put(db, batch.acks);
    db.prepare("DELETE FROM closed WHERE id < ?").run(batch.closedFrom);
    db.prepare("DELETE FROM segment WHERE id < ?").run(batch.segmentsFrom);
    db.prepare("DELETE FROM viewer WHERE id < ?").run(batch.viewersFrom);
  }

  #prepared(sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known) return known;
    const prepared = this.#db.prepare(sql);
    this.#statements.set(sql, prepared);
    return prepared;
  }

  /** SQLite rolls back by itself on a full disk or an IO error; a second ROLLBACK would hide why. */
  #rollBack(): void {
    if (this.#db.inTransaction) this.#db.exec("ROLLBACK");
  }

  #written(): Bytes {
    const frames = this.#countFrames();
    const fresh = frames >= this.#frames ? frames - this.#frames : frames;
    this.#frames = frames;
    let written = fresh * (this.#pageSize + FRAME_HEADER);
    if (frames >= CHECKPOINT_FRAMES) {
      this.#db.pragma("wal_checkpoint(PASSIVE)");
      written += Math.min(frames, Number(this.#db.pragma("page_count"))) * this.#pageSize;
    }
    return written as Bytes;
  }

  /** Frames in the WAL now; NOOP looks without copying anything. */
  #countFrames(): number {
    const row = this.#prepared("PRAGMA wal_checkpoint(NOOP)").get();
    return Number((row as { log?: number } | undefined)?.log ?? 0);
  }
}
