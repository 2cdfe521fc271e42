import type { BasisPoints, MicroTokens } from "../../core/units.ts";
import type { PriceList } from "../price-list.ts";
import type { SqliteDatabase } from "./sqlite.ts";

interface PriceRow {
  readonly id: bigint;
  readonly household: bigint;
  readonly plays: bigint;
  readonly fee: bigint;
}

/** What the coordinator once gave its word on and never takes back: price lists, hand-overs of its key. */
export function createPublishedRows(db: SqliteDatabase) {
  const addPrices = db.prepare(
    `INSERT INTO price_lists (id, household, plays, fee) VALUES (?, ?, ?, ?)
     ON CONFLICT (id) DO NOTHING`,
  );
  const prices = db
    .prepare<PriceRow>("SELECT id, household, plays, fee FROM price_lists ORDER BY id")
    .safeIntegers();
  const addSuccession = db.prepare(
    "INSERT INTO successions (bytes) VALUES (?) ON CONFLICT (bytes) DO NOTHING",
  );
  const successions = db.prepare<{ bytes: Uint8Array }>(
    "SELECT bytes FROM successions ORDER BY id DESC LIMIT ?",
  );
  return {
    /** Keeps a list; one whose id is taken stays as it was. */
    keepPrices: (list: PriceList) =>
      addPrices.run(list.id, list.householdPerMebibyte, list.creatorsPerPlay, list.platformFee),
    priceLists: (): readonly PriceList[] =>
      prices.all().map((row) => ({
        id: Number(row.id),
        householdPerMebibyte: row.household as MicroTokens,
        creatorsPerPlay: row.plays as MicroTokens,
        platformFee: Number(row.fee) as BasisPoints,
      })),
    keepSuccession: (signed: Uint8Array) => addSuccession.run(signed),
    /** The newest ones as they were signed. */
    successions: (most: number) => successions.all(most).map(({ bytes }) => bytes),
  };
}
