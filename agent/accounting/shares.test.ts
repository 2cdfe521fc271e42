import { expect, test } from "bun:test";
import fc from "fast-check";
import { anyParties } from "../../test/protocol/any-parties.ts";
import type { PublicKey } from "../core/encoding.ts";
import { type BasisPoints, microTokens } from "../core/units.ts";
import { divide } from "./shares.ts";

test("dividing by a split loses nothing, and nobody is off by a whole unit", () => {
  fc.assert(
    fc.property(anyParties, fc.bigInt({ min: 0n, max: 10n ** 15n }), (list, amount) => {
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

test("dividing by a split gives ties to the party named first", () => {
  const half = 5_000 as BasisPoints;
  const [first, second] = ["1", "2"].map((digit) => digit.repeat(64)) as [PublicKey, PublicKey];
  const parts = divide(microTokens(3n), [
    { key: first, share: half },
    { key: second, share: half },
  ]);
  expect(parts.map(({ amount }) => Number(amount))).toEqual([2, 1]);
});
