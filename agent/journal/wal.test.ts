import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PAGE_SIZE } from "./schema.ts";
import { openSqlite } from "./sqlite.ts";
import { isDamagedWal, readWal } from "./wal.ts";

const FRAME = 24 + PAGE_SIZE;
const at = (frame: number) => 32 + frame * FRAME;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "spareband-wal-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** The log of four transactions, as SQLite wrote it. */
function makeLog(): Buffer {
  const path = join(directory, "db");
  const db = openSqlite(path, { readOnly: false });
  db.pragma(`page_size = ${PAGE_SIZE}`);
  db.pragma("journal_mode = WAL");
  db.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB)");
  for (let n = 0; n < 3; n++) db.exec("INSERT INTO t (body) VALUES (randomblob(1500))");
  const log = readFileSync(`${path}-wal`);
  db.close();
  return log;
}

const flipped = (log: Buffer, position: number) => {
  const changed = Buffer.from(log);
  changed[position] = (changed[position] ?? 0) ^ 1;
  return readWal(changed, PAGE_SIZE);
};

describe("SQLite's log", () => {
  test("as it was written is sound, frame by frame", () => {
    const wal = readWal(makeLog(), PAGE_SIZE);
    expect(wal.headerSound).toBe(true);
    expect(wal.frames.every(({ sound }) => sound)).toBe(true);
    expect(wal.frames.filter(({ commit }) => commit > 0)).toHaveLength(4);
    expect(isDamagedWal(wal)).toBe(false);
  });

  test("cut off anywhere is torn, not damaged", () => {
    const log = makeLog();
    for (let length = 0; length <= log.length; length += 97) {
      expect(isDamagedWal(readWal(log.subarray(0, length), PAGE_SIZE))).toBe(false);
    }
  });

  test("with a byte changed anywhere before its last transaction is damaged", () => {
    const log = makeLog();
    const commits = readWal(log, PAGE_SIZE).frames.flatMap(({ commit }, n) => (commit ? [n] : []));
    const lastBegins = at((commits.at(-2) ?? 0) + 1);
    expect(isDamagedWal(flipped(log, 3))).toBe(true);
    for (let position = 0; position < lastBegins - FRAME; position += 7) {
      expect(isDamagedWal(flipped(log, position))).toBe(true);
    }
  });

  test("with a byte changed in one frame keeps the others", () => {
    const log = makeLog();
    const { frames } = flipped(log, at(2) + 300);
    expect(frames.flatMap(({ sound }, n) => (sound ? [] : [n]))).toEqual([2]);
  });

  test("that is empty or not there says nothing", () => {
    expect(isDamagedWal(readWal(Buffer.alloc(0), PAGE_SIZE))).toBe(false);
  });
});
