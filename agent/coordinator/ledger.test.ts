import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { PublicKey } from "../core/encoding.ts";
import { type BasisPoints, basisPoints, bytes, microTokens } from "../core/units.ts";
import { balanced, deliveryPostings, divide, type Posting, playPostings } from "./ledger.ts";
import { defaultPriceList, householdTotal } from "./price-list.ts";

const key = (n: number) => n.toString(16).padStart(64, "0") as PublicKey;
const household = { kind: "household", key: key(1) } as const;
const sum = (postings: readonly Posting[]) => postings.reduce((total, p) => total + p.amount, 0n);
const earnedBy = (postings: readonly Posting[], kind: string) =>
  sum(postings.filter(({ account }) => account.kind === kind));

const parties = fc
  .array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 20 })
  .map((weights) => {
    const total = weights.reduce((a, b) => a + b, 0);
    const shares = weights.map((weight) => Math.floor((weight * 10_000) / total));
    const rest = 10_000 - shares.reduce((a, b) => a + b, 0);
    return shares.map((share, index) => ({
      key: key(index),
      share: basisPoints(index === 0 ? share + rest : share),
    }));
  });

describe("an entry", () => {
  test("of a delivery sums to zero, in however many records it comes", () => {
    const cuts = fc.array(fc.nat(256 * 1024 * 1024), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(cuts, (list) => {
        const steps = [0, ...list.toSorted((a, b) => a - b)].map(bytes);
        const all = steps.slice(1).flatMap((proven, index) => {
          const before = steps[index] ?? bytes(0);
          const postings = deliveryPostings({
            before,
            proven,
            household,
            fleet: "f",
            prices: defaultPriceList,
          });
          expect(sum(postings)).toBe(0n);
          return postings;
        });
        const whole = householdTotal(defaultPriceList, steps.at(-1) ?? bytes(0));
        expect(earnedBy(all, "household")).toBe(whole);
      }),
    );
  });

  test("that does not balance is never made", () => {
    const posting = { account: household, amount: microTokens(1n) };
    expect(() => balanced([posting])).toThrow("does not balance");
  });

  test("of a play sums to zero and gives creators exactly their price", () => {
    fc.assert(
      fc.property(parties, (list) => {
        const postings = playPostings(list, "f", defaultPriceList);
        expect(sum(postings)).toBe(0n);
        expect(earnedBy(postings, "creator")).toBe(defaultPriceList.creatorsPerPlay);
      }),
    );
  });
});

describe("dividing by a split", () => {
  test("loses nothing, and nobody is off by a whole unit", () => {
    fc.assert(
      fc.property(parties, fc.bigInt({ min: 0n, max: 10n ** 15n }), (list, amount) => {
        const parts = divide(microTokens(amount), list);
        expect(parts.reduce((total, part) => total + part.amount, 0n)).toBe(amount as never);
        for (const [index, part] of parts.entries()) {
          const exact = amount * BigInt(list[index]?.share ?? 0);
          const off = part.amount * 10_000n - exact;
          expect(off > -10_000n && off < 10_000n).toBe(true);
        }
      }),
    );
  });

  test("gives ties to the party named first", () => {
    const half = 5_000 as BasisPoints;
    const parts = divide(microTokens(3n), [
      { key: key(1), share: half },
      { key: key(2), share: half },
    ]);
    expect(parts.map(({ amount }) => Number(amount))).toEqual([2, 1]);
  });
});
