/** The journal's driver: better-sqlite3, through the one place that knows how to load its addon. */
import { openSqlite as open } from "../core/sqlite.ts";
import type { Database, OpenDatabase } from "./database.ts";

export const openSqlite: OpenDatabase = (path, { readOnly }): Database => {
  const sqlite = open(path, {
    readonly: readOnly,
    fileMustExist: readOnly,
    // Whoever else has it open will not let go soon: say so at once.
    timeout: 0,
  });
  return {
    prepare: (sql) => sqlite.prepare(sql),
    exec: (sql) => void sqlite.exec(sql),
    pragma: (text) => sqlite.pragma(text, { simple: true }),
    get inTransaction() {
      return sqlite.inTransaction;
    },
    close: () => void sqlite.close(),
  };
};
