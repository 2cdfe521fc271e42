/**
 * What the coordinator's store needs of an SQLite library, as a port, so that a test can put a
 * failing one in its place; `openDatabase` is the real one.
 */
import { openSqlite } from "../../core/sqlite.ts";

export type SqlValue = number | bigint | string | Uint8Array | null;

export interface SqliteStatement<Row> {
  run(...values: SqlValue[]): { readonly changes: number };
  get(...values: SqlValue[]): Row | undefined;
  all(...values: SqlValue[]): Row[];
  /** Integers come back as bigint: for money, which passes 2^53. */
  safeIntegers(): SqliteStatement<Row>;
}

export interface SqliteDatabase {
  prepare<Row = Record<string, SqlValue>>(sql: string): SqliteStatement<Row>;
  exec(sql: string): void;
  close(): void;
}

/** Opens (or makes) a database file; ":memory:" for one that lives as long as its handle. */
export type SqliteOpen = (path: string) => SqliteDatabase;

export const openDatabase: SqliteOpen = (path) => {
  const sqlite = openSqlite(path);
  return {
    prepare: <Row>(sql: string) => sqlite.prepare<SqlValue[], Row>(sql) as SqliteStatement<Row>,
    exec: (sql) => void sqlite.exec(sql),
    close: () => void sqlite.close(),
  };
};
