/**
 * The coordinator's memory: one SQLite file that several workers on one machine may share. Every
 * change that belongs together happens inside one `transaction`, and is on disk when that returns.
 */
import { exitCode, OperatorError, reasonOf } from "../../core/errors.ts";
import { createBoxRows } from "./box-rows.ts";
import { createCaseRows } from "./case-rows.ts";
import { createLedgerRows } from "./ledger-rows.ts";
import { createPlayRows } from "./play-rows.ts";
import { createPublishedRows } from "./published-rows.ts";
import { createRecordRows } from "./record-rows.ts";
import { SCHEMA_VERSION, schema, upgrades } from "./schema.ts";
import type { SqliteDatabase, SqliteOpen } from "./sqlite.ts";
import { createStatementRows } from "./statement-rows.ts";
import { createTicketRows } from "./ticket-rows.ts";
import { createTitleRows } from "./title-rows.ts";
import { createTrustRows } from "./trust-rows.ts";

export interface Store extends Disposable {
  readonly boxes: ReturnType<typeof createBoxRows>;
  readonly records: ReturnType<typeof createRecordRows>;
  readonly tickets: ReturnType<typeof createTicketRows>;
  readonly ledger: ReturnType<typeof createLedgerRows>;
  readonly statements: ReturnType<typeof createStatementRows>;
  readonly titles: ReturnType<typeof createTitleRows>;
  readonly plays: ReturnType<typeof createPlayRows>;
  readonly trust: ReturnType<typeof createTrustRows>;
  readonly cases: ReturnType<typeof createCaseRows>;
  readonly published: ReturnType<typeof createPublishedRows>;
  /**
   * Runs `work` with the write lock held and commits, or undoes all of it when it throws. Inside
   * another one it is a savepoint: only its own changes are undone.
   */
  transaction<T>(work: () => T): T;
}

/**
 * WAL lets readers go on beside the writer. FULL syncs every commit: an ack lets a box delete its
 * only copy of a record, so a commit has to outlive a power cut. Waiting workers queue up for 10 s.
 */
const PRAGMAS = `
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA busy_timeout = 10000;
PRAGMA foreign_keys = ON;
PRAGMA cache_size = -65536;
PRAGMA temp_store = MEMORY;
`;

export function openStore(path: string, open: SqliteOpen): Store {
  const db = opened(path, open);
  const ledger = createLedgerRows(db);
  return {
    boxes: createBoxRows(db),
    records: createRecordRows(db),
    tickets: createTicketRows(db),
    ledger,
    statements: createStatementRows(db),
    titles: createTitleRows(db),
    plays: createPlayRows(db),
    trust: createTrustRows(db),
    cases: createCaseRows(db),
    published: createPublishedRows(db),
    transaction: createTransaction(db, () => ledger.forgetAccounts()),
    [Symbol.dispose]: () => db.close(),
  };
}

function opened(path: string, open: SqliteOpen): SqliteDatabase {
  try {
    const db = open(path);
    db.exec(PRAGMAS);
    migrate(db, path);
    return db;
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause;
    throw new OperatorError(
      exitCode.ioError,
      `The coordinator's database ${path} cannot be used (${reasonOf(cause)}): put the newest backup there.`,
      { cause },
    );
  }
}

function migrate(db: SqliteDatabase, path: string): void {
  db.exec("BEGIN IMMEDIATE");
  const version =
    db.prepare<{ user_version: number }>("PRAGMA user_version").get()?.user_version ?? 0;
  const steps = version === 0 ? [schema] : upgrades.slice(version - 1);
  for (const step of steps) db.exec(step);
  if (steps.length > 0) db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  db.exec("COMMIT");
  if (version > SCHEMA_VERSION) {
    throw new OperatorError(
      exitCode.configuration,
      `The coordinator's database ${path} was written by a newer spareband (schema ${version}, this one knows ${SCHEMA_VERSION}): start the newer version.`,
    );
  }
}

/** @param undone is told when changes were taken back, and with them what is remembered of them. */
function createTransaction(db: SqliteDatabase, undone: () => void) {
  let depth = 0;
  return <T>(work: () => T): T => {
    const [begin, commit, rollback] =
      depth === 0
        ? ["BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"]
        : [`SAVEPOINT s${depth}`, `RELEASE s${depth}`, `ROLLBACK TO s${depth}; RELEASE s${depth}`];
    db.exec(begin);
    depth += 1;
    try {
      const result = work();
      db.exec(commit);
      return result;
    } catch (fault) {
      undone();
      db.exec(rollback);
      throw fault;
    } finally {
      depth -= 1;
    }
  };
}
