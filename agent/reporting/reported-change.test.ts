import { expect, test } from "bun:test";
import type { Hash } from "../core/encoding.ts";
import { isWorthTelling, type Report } from "./reported-change.ts";

const hash = (digit: string) => digit.repeat(64) as Hash;
const before: Report = {
  sharing: true,
  rate: 1_000_000,
  titles: [{ title: hash("a"), permille: 500 }],
  blocked: [],
};

const cases: readonly [string, Partial<Report>, boolean][] = [
  ["nothing changed", {}, false],
  ["a rate a little higher", { rate: 1_200_000 }, false],
  ["a rate much lower", { rate: 500_000 }, true],
  ["sharing stopped", { sharing: false }, true],
  ["a title grew", { titles: [{ title: hash("a"), permille: 501 }] }, true],
  ["a title was blocked", { blocked: [hash("b")] }, true],
];
for (const [what, change, worth] of cases) {
  test(`${what}: ${worth ? "told" : "not told"}`, () => {
    expect(isWorthTelling(before, { ...before, ...change })).toBe(worth);
  });
}

test("from nothing to nothing is not told", () => {
  const idle = { ...before, rate: 0 };
  expect(isWorthTelling(idle, idle)).toBe(false);
});
