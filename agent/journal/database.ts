/**
 * What the journal needs of an SQLite library, as a port: the composition root hands in the driver
 * (`sqlite.ts`), because each build target embeds its own native addon.
 */
export type SqlValue = number | bigint | string | Uint8Array | null;

export interface Statement {
  run(...values: SqlValue[]): { readonly changes: number };
  /** Rows come as unknown: they are outside input, a flash cell may have flipped. */
  get(...values: SqlValue[]): unknown;
  iterate(...values: SqlValue[]): IterableIterator<unknown>;
}

export interface Database {
  prepare(sql: string): Statement;
  exec(sql: string): void;
  /** The value of the pragma's first column in its first row. */
  pragma(text: string): unknown;
  readonly inTransaction: boolean;
  close(): void;
}

/** Opens a file, making it when it is not there unless read-only. Throws as the library does. */
export type OpenDatabase = (path: string, options: { readonly readOnly: boolean }) => Database;
