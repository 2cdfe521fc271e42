import { expect, test } from "bun:test";
import { milliseconds } from "../core/units.ts";
import { TokenBuckets } from "./token-bucket.ts";

const at = milliseconds;

test("a burst passes, then as much as flows in", () => {
  const buckets = new TokenBuckets({ burst: 3, perSecond: 2 });
  const take = (now: number) => buckets.take("a", at(now));
  expect([take(0), take(0), take(0), take(0)]).toEqual([true, true, true, false]);
  expect([take(400), take(500), take(500)]).toEqual([false, true, false]);
});

test("names do not share a bucket, and a clock that stands still gives nothing", () => {
  const buckets = new TokenBuckets({ burst: 1, perSecond: 1 });
  expect(buckets.take("a", at(0))).toBe(true);
  expect(buckets.take("b", at(0))).toBe(true);
  expect(buckets.take("a", at(0))).toBe(false);
});

test("memory is bounded by the number of names", () => {
  const buckets = new TokenBuckets({ burst: 1, perSecond: 0 }, 2);
  for (const name of ["a", "b", "c"]) buckets.take(name, at(0));
  expect(buckets.take("c", at(0))).toBe(false);
  expect(buckets.take("a", at(0))).toBe(true);
});
