import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { anyParties } from "../../test/protocol/any-parties.ts";
import type { PublicKey } from "../core/encoding.ts";
import { bytes, microTokens } from "../core/units.ts";
import { balanced, deliveryPostings, type Posting, playPostings } from "./ledger.ts";
import { defaultPriceList, householdTotal } from "./price-list.ts";

const key = (n: number) => n.toString(16).padStart(64, "0") as PublicKey;
const household = { kind: "household", key: key(1) } as const;
const sum = (postings: readonly Posting[]) => postings.reduce((total, p) => total + p.amount, 0n);
const earnedBy = (postings: readonly Posting[], kind: string) =>
  sum(postings.filter(({ account }) => account.kind === kind));

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
      fc.property(anyParties, (list) => {
        const postings = playPostings(list, "f", defaultPriceList);
        expect(sum(postings)).toBe(0n);
        expect(earnedBy(postings, "creator")).toBe(defaultPriceList.creatorsPerPlay);
      }),
    );
  });
});
