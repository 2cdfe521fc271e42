import type { LedgerLine } from "../../accounting/ledger-line.ts";
import { fromHex, type Hash, toHex } from "../../core/encoding.ts";
import type { MicroTokens, UnixSeconds } from "../../core/units.ts";
import type { Account, AccountKind, Posting } from "../ledger.ts";
import type { SqliteDatabase } from "./sqlite.ts";

interface LineRow {
  readonly line: bigint;
  readonly entry: bigint;
  readonly kind: AccountKind;
  readonly key: string;
  readonly amount: bigint;
  readonly source: Uint8Array;
  readonly posted_at: bigint;
}

const toLine = (row: LineRow): LedgerLine => ({
  line: Number(row.line),
  entry: Number(row.entry),
  account: { kind: row.kind, key: row.key },
  amount: row.amount as MicroTokens,
  source: toHex(row.source) as Hash,
  at: Number(row.posted_at) as UnixSeconds,
});

const LINES = `SELECT l.line, l.entry, a.kind, a.key, l.amount, l.source, l.posted_at
  FROM ledger l JOIN accounts a ON a.id = l.account`;

export function createLedgerRows(db: SqliteDatabase) {
  const next = db.prepare<{ next: number }>(
    "SELECT coalesce(max(line) + 1, 0) AS next FROM ledger",
  );
  const insert = db.prepare(
    "INSERT INTO ledger (line, entry, account, amount, source, posted_at) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const findAccount = db.prepare<{ id: number }>(
    "SELECT id FROM accounts WHERE kind = ? AND key = ?",
  );
  const makeAccount = db.prepare<{ id: number }>(
    "INSERT INTO accounts (kind, key) VALUES (?, ?) RETURNING id",
  );
  const addBalance = db.prepare("UPDATE accounts SET balance = balance + ? WHERE id = ?");
  const balance = db
    .prepare<{ balance: bigint }>("SELECT balance FROM accounts WHERE kind = ? AND key = ?")
    .safeIntegers();
  const linesOf = db
    .prepare<LineRow>(
      `${LINES} WHERE a.kind = ? AND a.key = ? AND l.line >= ? ORDER BY l.line LIMIT ?`,
    )
    .safeIntegers();
  const range = db
    .prepare<LineRow>(`${LINES} WHERE l.line >= ? AND l.line < ? ORDER BY l.line`)
    .safeIntegers();
  const audit = db
    .prepare<{ total: bigint; balances: bigint; unbalanced: bigint; drifted: bigint }>(
      `SELECT (SELECT coalesce(sum(amount), 0) FROM ledger) AS total,
        (SELECT coalesce(sum(balance), 0) FROM accounts) AS balances,
        (SELECT count(*) FROM (SELECT entry FROM ledger GROUP BY entry HAVING sum(amount) <> 0))
          AS unbalanced,
        (SELECT count(*) FROM accounts a WHERE a.balance <>
          (SELECT coalesce(sum(amount), 0) FROM ledger l WHERE l.account = a.id)) AS drifted`,
    )
    .safeIntegers();
  const sumByKind = db
    .prepare<{ kind: AccountKind; balance: bigint }>(
      "SELECT kind, sum(balance) AS balance FROM accounts GROUP BY kind",
    )
    .safeIntegers();

  /** Ids never change and accounts are never deleted, so remembering them is safe in any worker. */
  const ids = new Map<string, number>();
  const accountId = ({ kind, key }: Account) => {
    const name = `${kind} ${key}`;
    const id = ids.get(name) ?? findAccount.get(kind, key)?.id ?? makeAccount.get(kind, key)?.id;
    if (id === undefined) throw new Error(`cannot make the ledger account ${name}`);
    if (ids.size >= MAX_REMEMBERED) ids.clear();
    ids.set(name, id);
    return id;
  };
  return {
    /**
     * Starts appending inside the caller's transaction; `finish` writes the balances of all
     * accounts touched, once each.
     */
    appender(at: UnixSeconds) {
      let line = next.get()?.next ?? 0;
      const deltas = new Map<number, bigint>();
      return {
        add(postings: readonly Posting[], source: Hash) {
          const entry = line;
          const blob = fromHex(source);
          for (const { account, amount } of postings) {
            const id = accountId(account);
            insert.run(line, entry, id, amount, blob, at);
            deltas.set(id, (deltas.get(id) ?? 0n) + amount);
            line += 1;
          }
        },
        finish() {
          for (const [id, delta] of deltas) addBalance.run(delta, id);
        },
      };
    },
    /** Called when a transaction was undone: accounts it made are gone again. */
    forgetAccounts: () => ids.clear(),
    size: () => next.get()?.next ?? 0,
    balance: ({ kind, key }: Account) => (balance.get(kind, key)?.balance ?? 0n) as MicroTokens,
    linesOf: ({ kind, key }: Account, from: number, limit: number) =>
      linesOf.all(kind, key, from, limit).map(toLine),
    lines: (from: number, to: number) => range.all(from, to).map(toLine),
    sums: () => new Map(sumByKind.all().map((row) => [row.kind, row.balance as MicroTokens])),
    /** All zero in a sound ledger. */
    audit() {
      const row = audit.get();
      if (!row) throw new Error("the ledger's audit returned nothing");
      return row;
    },
  };
}

const MAX_REMEMBERED = 100_000;
