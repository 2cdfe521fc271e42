/**
 * Paid = proven, read out of the coordinator's database by SQL of its own: nothing here uses the code
 * that wrote it.
 */
import Database from "better-sqlite3";
import { peek } from "../../agent/accounting/envelope.ts";
import type { Ack, Receipt, UsageRecord } from "../../agent/accounting/messages.ts";
import { type Hash, sha256, toHex } from "../../agent/core/encoding.ts";
import type { ViewerLog } from "./viewer.ts";

export interface Witnesses {
  readonly viewers: ViewerLog;
  readonly acks: readonly Ack[];
}

/** Everything that is wrong now, a sentence each. */
export function violations(file: string, { viewers, acks }: Witnesses): readonly string[] {
  return look(file, (db) => [
    ...unsignedCredits(db, viewers),
    ...unbalanced(db),
    ...doubled(db),
    ...brokenChains(db),
    ...forgottenAcks(db, acks),
  ]);
}

/** What is only asked at the end, because it reads every record: the links, and what each proves. */
export function violationsInRecords(file: string): readonly string[] {
  return look(file, (db) => {
    const found: string[] = [];
    const proven = new Map<string, number>();
    let last: { chain: string; hash: string } | undefined;
    for (const { box, generation, sequence, bytes } of records(db)) {
      const record = bodyOf<UsageRecord>(bytes);
      const chain = `${box}/${generation}`;
      const previous = last?.chain === chain ? last.hash : "0".repeat(64);
      if (record.previous !== previous) found.push(`record ${chain}/${sequence} follows another`);
      last = { chain, hash: sha256(bytes) };
      const ticket = sha256(record.ticket);
      const amount = record.receipt ? bodyOf<Receipt>(record.receipt).bytes : 0;
      proven.set(ticket, Math.max(proven.get(ticket) ?? 0, amount));
    }
    for (const { ticket, paid } of paidTickets(db)) {
      if (paid !== proven.get(ticket))
        found.push(`ticket ${ticket}: ${paid} paid, its records prove ${proven.get(ticket)}`);
    }
    return found;
  });
}

/** Bytes paid by ticket. */
export const paidByTicket = (file: string): ReadonlyMap<Hash, number> =>
  look(file, (db) => new Map(paidTickets(db).map(({ ticket, paid }) => [ticket, paid])));

export interface Counted {
  readonly records: number;
  readonly entries: number;
  readonly bytes: number;
}

export const counts = (file: string): Counted =>
  look(file, (db) =>
    row<Counted>(
      db,
      `SELECT (SELECT count(*) FROM records) AS records,
        (SELECT count(DISTINCT entry) FROM ledger) AS entries,
        (SELECT coalesce(sum(paid_bytes), 0) FROM tickets) AS bytes`,
    ),
  );

/** Why records were not simply credited in full, and how many each. */
export const refusals = (file: string): Readonly<Record<string, number>> =>
  look(file, (db) =>
    Object.fromEntries(
      db
        .prepare<[], { code: string; times: number }>(
          "SELECT code, count(*) AS times FROM records WHERE code IS NOT NULL GROUP BY code",
        )
        .all()
        .map(({ code, times }) => [code, times]),
    ),
  );

/** What boxes said of their clocks in their records, each word once. */
export const clockQualities = (file: string): readonly string[] =>
  look(file, (db) => {
    const said = [...records(db)].map(({ bytes }) => bodyOf<UsageRecord>(bytes).clockQuality);
    return [...new Set(said)].toSorted();
  });

/** Where the coordinator is with a box: its newest generation. */
export const chainOf = (file: string, box: string) =>
  look(file, (db) => {
    const found = db
      .prepare<[string], { generation: number; sequence: number; head: Uint8Array }>(
        `SELECT c.generation, c.sequence, c.head FROM chains c JOIN boxes b ON b.id = c.box
         WHERE b.key = ? ORDER BY c.generation DESC LIMIT 1`,
      )
      .get(box);
    return found && { ...found, head: toHex(found.head) };
  });

function look<T>(file: string, read: (db: Database.Database) => T): T {
  const db = new Database(file, { timeout: 10_000 });
  try {
    db.exec("PRAGMA query_only = 1");
    // One moment for all questions, whatever the coordinator writes meanwhile.
    return db.transaction(() => read(db))();
  } finally {
    db.close();
  }
}

function row<T>(db: Database.Database, sql: string): T {
  const found = db.prepare<[], T>(sql).get();
  if (!found) throw new Error(`no answer to ${sql}`);
  return found;
}

const paidTickets = (db: Database.Database) =>
  db
    .prepare<[], { hash: Uint8Array; paid_bytes: number }>(
      "SELECT hash, paid_bytes FROM tickets WHERE paid_bytes > 0",
    )
    .all()
    .map(({ hash, paid_bytes }) => ({ ticket: toHex(hash) as Hash, paid: paid_bytes }));

/** Boxes that filled their caches are viewers too; what they signed is held against the records. */
function unsignedCredits(db: Database.Database, { tickets }: ViewerLog): readonly string[] {
  return paidTickets(db).flatMap(({ ticket, paid }) => {
    const notes = tickets.get(ticket);
    return notes && paid > notes.signed
      ? [`ticket ${ticket}: ${paid} paid, ${notes.signed} signed`]
      : [];
  });
}

function unbalanced(db: Database.Database): readonly string[] {
  const sums = row<Record<string, number>>(
    db,
    `SELECT (SELECT coalesce(sum(amount), 0) FROM ledger) AS "ledger's sum",
      (SELECT coalesce(sum(balance), 0) FROM accounts) AS "accounts' sum",
      (SELECT count(*) FROM (SELECT entry FROM ledger GROUP BY entry HAVING sum(amount) <> 0))
        AS "unbalanced entries",
      (SELECT count(*) FROM accounts a WHERE a.balance <>
        (SELECT coalesce(sum(amount), 0) FROM ledger l WHERE l.account = a.id))
        AS "balances off their lines",
      (SELECT count(*) FROM boxes b WHERE b.credited_tokens <> coalesce(
        (SELECT balance FROM accounts a WHERE a.kind = 'household' AND a.key = b.wallet), 0))
        AS "boxes credited other than their household"`,
  );
  return Object.entries(sums).flatMap(([what, value]) =>
    value === 0 ? [] : [`${what}: ${value}`],
  );
}

/** What records, tickets and boxes say was credited has to be one number. */
function doubled(db: Database.Database): readonly string[] {
  return db
    .prepare<[], { key: string; box: number; records: number; tickets: number }>(
      `SELECT key, credited_bytes AS box,
        (SELECT coalesce(sum(r.credited_bytes), 0) FROM records r WHERE r.box = b.id) AS records,
        (SELECT coalesce(sum(t.paid_bytes), 0) FROM tickets t WHERE t.box = b.key) AS tickets
       FROM boxes b`,
    )
    .all()
    .filter(({ box, records, tickets }) => box !== records || box !== tickets)
    .map(({ key, box, records, tickets }) => `box ${key}: ${box}, ${records}, ${tickets} bytes`);
}

function brokenChains(db: Database.Database): readonly string[] {
  return db
    .prepare<[], { box: number; generation: number }>(
      `SELECT c.box, c.generation FROM chains c LEFT JOIN records r
        ON r.box = c.box AND r.generation = c.generation
       GROUP BY c.box, c.generation
       HAVING count(r.sequence) <> c.sequence OR coalesce(max(r.sequence), 0) <> c.sequence`,
    )
    .all()
    .map(({ box, generation }) => `chain ${box}/${generation} has a gap`);
}

/** An ack lets a box delete its records, so from then on the coordinator has to have them. */
function forgottenAcks(db: Database.Database, acks: readonly Ack[]): readonly string[] {
  const find = db.prepare<[string, number, number], { hash: Uint8Array }>(
    `SELECT r.hash FROM records r JOIN boxes b ON b.id = r.box
     WHERE b.key = ? AND r.generation = ? AND r.sequence = ?`,
  );
  return acks.flatMap(({ box, generation, upTo, head }) => {
    if (upTo === 0) return [];
    const stored = find.get(box, generation, upTo);
    return stored && toHex(stored.hash) === head
      ? []
      : [`box ${box}: record ${generation}/${upTo} was acked and is not there`];
  });
}

const records = (db: Database.Database) =>
  db
    .prepare<[], { box: number; generation: number; sequence: number; bytes: Uint8Array }>(
      `SELECT box, generation, sequence, bytes FROM records ORDER BY box, generation, sequence`,
    )
    .iterate();

function bodyOf<T>(bytes: Uint8Array): T {
  const seen = peek(bytes);
  if (!seen) throw new Error("a stored message cannot be read");
  return seen.body as T;
}
