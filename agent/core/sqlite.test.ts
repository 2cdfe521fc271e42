import { expect, test } from "bun:test";
import { openSqlite } from "./sqlite.ts";

test("a database opens, with the SQLite that better-sqlite3 brings", () => {
  const database = openSqlite(":memory:");
  expect(database.prepare("select 6 * 7 as answer").get()).toEqual({ answer: 42 });
  database.close();
});

test("a missing directory is refused, not made", () => {
  expect(() => openSqlite("/nonexistent/journal.sqlite")).toThrow("directory does not exist");
});
