/**
 * Tables whose rows carry a digest over their columns, so that a flipped bit inside a value is seen:
 * SQLite's own integrity check looks at the tree, not at what is stored in it.
 */
import { crc32 } from "node:zlib";
import type { Database, SqlValue } from "./database.ts";

interface ColumnTypes {
  integer: number;
  text: string;
  blob: Uint8Array;
  "blob?": Uint8Array | null;
  "text?": string | null;
}

type ColumnKind = keyof ColumnTypes;
export type Columns = Readonly<Record<string, ColumnKind>>;

export type Row<C extends Columns> = { readonly [K in keyof C]: ColumnTypes[C[K]] } & {
  readonly id: number;
};

/** A row that could not be trusted; the journal is then put aside as damaged. */
export class DamagedRow extends Error {}

export interface Table<C extends Columns> {
  readonly name: string;
  readonly create: string;
  /** Writes rows, replacing those with the same id. */
  put(db: Pick<Database, "prepare">, rows: readonly Row<C>[]): void;
  /** All rows in the order of their ids. Throws DamagedRow at one whose digest does not fit. */
  all(db: Database, after?: number): Generator<Row<C>>;
  parse(row: unknown): Row<C>;
}

export function defineTable<const C extends Columns>(name: string, columns: C): Table<C> {
  const names = Object.keys(columns);
  const sqlType = (kind: ColumnKind) =>
    kind.endsWith("?") ? kind.slice(0, -1).toUpperCase() : `${kind.toUpperCase()} NOT NULL`;
  const create = `CREATE TABLE ${name} (id INTEGER PRIMARY KEY, ${names
    .map((column) => `${column} ${sqlType(columns[column] ?? "integer")}`)
    .join(", ")}, digest INTEGER NOT NULL) STRICT`;
  const marks = names.map(() => "?").join(", ");
  // Updated in place: INSERT OR REPLACE would delete first, and so rewrite more pages.
  const upsert = `INSERT INTO ${name} (id, ${names.join(", ")}, digest) VALUES (?, ${marks}, ?)
    ON CONFLICT (id) DO UPDATE SET ${[...names, "digest"].map((column) => `${column} = excluded.${column}`).join(", ")}`;

  const parse = (row: unknown): Row<C> => {
    const cells = row as Record<string, unknown>;
    for (const column of ["id", ...names]) {
      const kind = column === "id" ? "integer" : columns[column];
      if (!fits(kind ?? "integer", cells[column])) {
        throw new DamagedRow(`${name}.${column} of row ${String(cells.id)} is no ${kind}`);
      }
    }
    const { digest, ...values } = cells;
    const wanted = digestOf(name, names, values as Record<string, SqlValue>);
    if (digest !== wanted) {
      throw new DamagedRow(`row ${String(cells.id)} of ${name} does not fit its digest`);
    }
    return values as Row<C>;
  };

  return {
    name,
    create,
    parse,
    put(db, rows) {
      if (rows.length === 0) return;
      const statement = db.prepare(upsert);
      for (const row of rows) {
        const cells = row as Readonly<Record<string, SqlValue>>;
        const values = names.map((column) => cells[column] ?? null);
        statement.run(row.id, ...values, digestOf(name, names, cells));
      }
    },
    *all(db, after = -1) {
      for (const row of db
        .prepare(`SELECT * FROM ${name} WHERE id > ? ORDER BY id`)
        .iterate(after)) {
        yield parse(row);
      }
    },
  };
}

function fits(kind: ColumnKind, value: unknown): boolean {
  switch (kind) {
    case "integer":
      return Number.isSafeInteger(value);
    case "text":
      return typeof value === "string";
    case "blob":
      return value instanceof Uint8Array;
    case "text?":
      return value === null || typeof value === "string";
    case "blob?":
      return value === null || value instanceof Uint8Array;
  }
}

/** CRC-32 over all columns: it is against flash, not against people, who would just compute it again. */
function digestOf(name: string, names: readonly string[], row: Record<string, SqlValue>): number {
  let digest = crc32(`${name} ${String(row.id)}`);
  for (const column of names) {
    const value = row[column] ?? null;
    const blob = value instanceof Uint8Array;
    digest = crc32(`|${blob ? value.length : String(value)}`, digest);
    if (blob) digest = crc32(value, digest);
  }
  return digest;
}
