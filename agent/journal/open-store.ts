/**
 * Opens the journal's file and tells apart what can happen: usable, damaged (put aside whole, with
 * everything readable carried over), another box's or another major version's (put aside), or no
 * place to write at all.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { PublicKey } from "../core/encoding.ts";
import { errnoOf, exitCode, OperatorError, reasonOf } from "../core/errors.ts";
import type { Database, OpenDatabase } from "./database.ts";
import { JOURNAL_FILE, newestAside, putAside } from "./quarantine.ts";
import { salvage } from "./salvage.ts";
import { migrate, PAGE_SIZE } from "./schema.ts";
import { JournalStore, type Loaded } from "./store.ts";
import { DamagedRow } from "./table.ts";
import { isDamagedWal, readWal } from "./wal.ts";

export type OpenedStore =
  | {
      readonly state: "ready";
      readonly store: JournalStore;
      readonly loaded: Loaded;
      /** Set when the file was not usable: why, and where it was put. */
      readonly aside?: { readonly why: string; readonly path: string };
    }
  | { readonly state: "unavailable"; readonly reason: string };

type Found =
  | { readonly fit: true; readonly store: JournalStore; readonly loaded: Loaded }
  | { readonly fit: false; readonly why: string };

/** Throws only an OperatorError, when another process uses the journal. */
export function openStore(
  directory: string,
  box: PublicKey,
  openDatabase: OpenDatabase,
): OpenedStore {
  const path = join(directory, JOURNAL_FILE);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const found = tryOpen(path, box, openDatabase);
    if (found.fit) return resume(found, directory, box, openDatabase);
    const aside = { why: found.why, path: putAside(directory) };
    const loaded = salvage(aside.path, box, openDatabase);
    const fresh = tryOpen(path, box, openDatabase);
    if (!fresh.fit) return { state: "unavailable", reason: fresh.why };
    return { state: "ready", store: fresh.store, loaded, aside };
  } catch (fault) {
    if (errnoOf(fault) === "SQLITE_BUSY") {
      throw new OperatorError(
        exitCode.unavailable,
        `The journal ${path} is in use by another process: stop the other spareband box, or give this one a state directory of its own.`,
        { cause: fault },
      );
    }
    return { state: "unavailable", reason: `${path}: ${reasonOf(fault)}` };
  }
}

/** A journal without a single commit beside one put aside: the last start was cut off in between. */
function resume(
  { store, loaded }: Extract<Found, { fit: true }>,
  directory: string,
  box: PublicKey,
  openDatabase: OpenDatabase,
): OpenedStore {
  const path = loaded.chain ? undefined : newestAside(directory);
  if (path === undefined) return { state: "ready", store, loaded };
  const aside = { why: "the last start did not finish carrying it over", path };
  return { state: "ready", store, loaded: salvage(path, box, openDatabase), aside };
}

function tryOpen(path: string, box: PublicKey, openDatabase: OpenDatabase): Found {
  let db: Database | undefined;
  try {
    if (isDamagedWal(logOf(path))) return unfit(db, "its log has changed since it was written");
    db = openDatabase(path, { readOnly: false });
    configure(db);
    if (migrate(db) === "incompatible") return unfit(db, "it is of another major version");
    const check = String(db.pragma("integrity_check(1)"));
    if (check !== "ok") return unfit(db, check);
    const store = new JournalStore(db);
    const loaded = store.load();
    if (loaded.chain && loaded.chain.box !== box) return unfit(db, "it belongs to another key");
    return { fit: true, store, loaded };
  } catch (fault) {
    if (isDamage(fault)) return unfit(db, reasonOf(fault));
    db?.close();
    throw fault;
  }
}

const logOf = (path: string) =>
  readWal(existsSync(`${path}-wal`) ? readFileSync(`${path}-wal`) : Buffer.alloc(0), PAGE_SIZE);

/** EXCLUSIVE: no shared memory file, and no second agent on the same state directory. */
function configure(db: Database): void {
  db.pragma(`page_size = ${PAGE_SIZE}`);
  db.pragma("locking_mode = EXCLUSIVE");
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  db.pragma("wal_autocheckpoint = 0");
  db.pragma("cell_size_check = ON");
}

function unfit(db: Database | undefined, why: string): Found {
  db?.close();
  return { fit: false, why };
}

const DAMAGE = ["SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR", "SQLITE_FORMAT"];

/** SQLITE_ERROR is among them: a schema that lacks what the version promises is no schema of ours. */
export const isDamage = (fault: unknown) =>
  fault instanceof DamagedRow ||
  DAMAGE.some((code) => errnoOf(fault)?.startsWith(code)) ||
  fault instanceof RangeError;
