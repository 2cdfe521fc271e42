import { expect, test } from "bun:test";
import fc from "fast-check";
import { bytes, mebibytes } from "../core/units.ts";
import { creditOf } from "./ticket-use.ts";
import {
  afterLateReceipt,
  afterSession,
  isRefused,
  LARGEST_WINDOW,
  SMALLEST_WINDOW,
  stranger,
  windowLeft,
} from "./window.ts";

test("six signed sessions take a stranger from 2 to 8 MiB, and no further", () => {
  let standing = stranger;
  for (let session = 0; session < 9; session++) {
    standing = afterSession(standing, mebibytes(100), mebibytes(99));
    expect(standing.window).toBe(mebibytes(Math.min(8, 3 + session)));
  }
});

test("a viewer that never signs is stopped at W, struck, and at last refused (fault 25)", () => {
  let standing = stranger;
  for (let session = 0; session < 3; session++) {
    expect(isRefused(standing)).toBe(false);
    expect(windowLeft(standing, SMALLEST_WINDOW, bytes(0))).toBe(bytes(0));
    standing = afterSession(standing, SMALLEST_WINDOW, bytes(0));
  }
  expect(isRefused(standing)).toBe(true);
  expect(isRefused(afterLateReceipt(standing))).toBe(false);
});

test("one unsigned window costs the trust that was earned", () => {
  const trusted = { window: LARGEST_WINDOW, strikes: 0 };
  const after = afterSession(trusted, mebibytes(20), mebibytes(12));
  expect(after).toEqual({ window: SMALLEST_WINDOW, strikes: 1 });
});

test("a short visit changes nothing", () => {
  expect(afterSession(stranger, mebibytes(1), bytes(0))).toEqual(stranger);
});

test("credit is never negative, never twice, never above the ticket (faults 16, 18, 30)", () => {
  const counts = fc.array(fc.nat(400), { maxLength: 30 });
  fc.assert(
    fc.property(counts, fc.nat(300), (cumulative, max) => {
      let credited = 0;
      for (const count of cumulative) {
        const more = creditOf(bytes(credited), bytes(count), bytes(max));
        expect(more).toBeGreaterThanOrEqual(0);
        credited += more;
      }
      expect(credited).toBe(Math.min(max, Math.max(0, ...cumulative)));
    }),
    { seed: 3, numRuns: 500 },
  );
});
