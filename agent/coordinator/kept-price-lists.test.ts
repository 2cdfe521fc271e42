import { expect, test } from "bun:test";
import type { BasisPoints, MicroTokens } from "../core/units.ts";
import { keptPriceLists } from "./kept-price-lists.ts";
import { defaultPriceList, type PriceList } from "./price-list.ts";
import { openDatabase } from "./store/sqlite.ts";
import { openStore } from "./store/store.ts";

const second: PriceList = {
  id: 2,
  householdPerMebibyte: (2n ** 62n) as MicroTokens,
  creatorsPerPlay: 7n as MicroTokens,
  platformFee: 250 as BasisPoints,
};

test("a list that was ever used stays, whatever the configuration says later", () => {
  using store = openStore(":memory:", openDatabase);
  expect([...keptPriceLists(store, [defaultPriceList]).values()]).toEqual([defaultPriceList]);
  const both = [defaultPriceList, second];
  expect([...keptPriceLists(store, [second]).values()]).toEqual(both);
  expect([...keptPriceLists(store, []).values()]).toEqual(both);
});

test("a list that changed under its number is refused, and the old one stands", () => {
  using store = openStore(":memory:", openDatabase);
  keptPriceLists(store, [second]);
  const changed = { ...second, creatorsPerPlay: 8n as MicroTokens };
  expect(() => keptPriceLists(store, [changed])).toThrow(/give the changed list a new number/);
  expect(keptPriceLists(store, []).get(2)).toEqual(second);
});
