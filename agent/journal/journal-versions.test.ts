/** Journals of earlier and later versions: used as they are, or put aside and salvaged. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bodyOf, everything, makeJournal, serveSessions } from "./journal-testing.ts";
import { migrate } from "./schema.ts";
import { openSqlite } from "./sqlite.ts";

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), "spareband-versions-"));
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

/** Leaves a journal with one record behind, changed by the statements. */
function leave(...statements: string[]) {
  const { journal } = makeJournal(state);
  serveSessions(journal, 1, 1);
  journal.pending(0, everything);
  journal[Symbol.dispose]();
  const db = openSqlite(join(state, "journal/journal.sqlite"), { readOnly: false });
  for (const statement of statements) db.exec(statement);
  db.close();
}

test("a newer minor version is used as it is, what it added included", () => {
  leave("CREATE TABLE extra (id INTEGER)", "PRAGMA user_version = 1099");
  const { journal } = makeJournal(state);
  serveSessions(journal, 2, 2);
  expect(journal.pending(0, everything).map((r) => r.sequence)).toEqual([1, 2]);
  journal[Symbol.dispose]();
  const db = openSqlite(join(state, "journal/journal.sqlite"), { readOnly: true });
  expect(db.pragma("user_version")).toBe(1099);
  expect(db.prepare("SELECT count(*) AS n FROM extra").get()).toEqual({ n: 0 });
  db.close();
});

test("one with smaller pages, as earlier versions made them, goes on and can be salvaged", () => {
  mkdirSync(join(state, "journal"));
  const path = join(state, "journal/journal.sqlite");
  const made = openSqlite(path, { readOnly: false });
  made.pragma("page_size = 1024");
  migrate(made);
  made.close();
  const { journal } = makeJournal(state);
  serveSessions(journal, 1, 4);
  journal[Symbol.dispose]();
  expect(readFileSync(path).readUInt16BE(16)).toBe(1024);

  const again = makeJournal(state).journal;
  expect(again.putAside).toBeUndefined();
  expect(again.pending(0, everything)).toHaveLength(4);
  again[Symbol.dispose]();
  const damaged = readFileSync(path);
  damaged.fill(0xff, 4 * 1024, 4 * 1024 + 40);
  writeFileSync(path, damaged);
  const salvaged = makeJournal(state).journal;
  expect(salvaged.putAside).toBeDefined();
  expect(salvaged.pending(0, everything)).toHaveLength(4);
  salvaged[Symbol.dispose]();
});

test("another major version is put aside whole, and what can be read of it is issued again", () => {
  leave("PRAGMA user_version = 2000");
  const { journal } = makeJournal(state);
  expect(journal.putAside?.why).toBe("it is of another major version");
  expect(journal.pending(0, everything).map(bodyOf)).toMatchObject([
    { generation: 2, sequence: 1, closeReason: "done" },
  ]);
  const kept = openSqlite(join(state, "journal/damaged-1/journal.sqlite"), { readOnly: true });
  expect(kept.pragma("user_version")).toBe(2000);
  kept.close();
  journal[Symbol.dispose]();
});
