import { expect, test } from "bun:test";
import { bytes, megabitsPerSecond, milliseconds } from "../core/units.ts";
import { type CountedSample, findBreach, measuredRate, withSample } from "./breach.ts";

const sample = (second: number, megabytes: number, megabits = 8): CountedSample => ({
  at: milliseconds(second * 1000),
  sent: bytes(megabytes * 1e6),
  allowed: megabitsPerSecond(megabits),
});

const series = (...samples: readonly CountedSample[]) =>
  samples.reduce<readonly CountedSample[]>(withSample, []);

test("at the allowed rate there is a measured rate and no breach", () => {
  const samples = series(sample(0, 0), sample(5, 5), sample(10, 10));
  expect(measuredRate(samples)).toBe(megabitsPerSecond(8));
  expect(findBreach(samples)).toBeUndefined();
});

test("one sample is no rate", () => {
  expect(measuredRate(series(sample(0, 3)))).toBeUndefined();
});

test("sixth part too much over ten seconds is a breach that names both sums", () => {
  expect(findBreach(series(sample(0, 0), sample(5, 6), sample(10, 12)))).toEqual({
    sent: bytes(12e6),
    allowed: bytes(10e6),
    window: milliseconds(10_000),
  });
});

test("what was queued when the rate fell is no breach", () => {
  expect(findBreach(series(sample(0, 0), sample(5, 5), sample(10, 5.3, 0.064)))).toBeUndefined();
});

test("going on after the rate fell is a breach", () => {
  expect(
    findBreach(series(sample(0, 0), sample(5, 5, 0.064), sample(10, 10, 0.064))),
  ).toBeDefined();
});

test("only the last ten seconds count", () => {
  const samples = series(
    sample(0, 0),
    sample(5, 20),
    sample(10, 25),
    sample(15, 30),
    sample(20, 35),
  );
  expect(samples.map(({ at }) => at)).toEqual([10_000, 15_000, 20_000].map(milliseconds));
  expect(findBreach(samples)).toBeUndefined();
});

test("a counter that starts again starts a new series, not a spike", () => {
  expect(series(sample(0, 100), sample(5, 105), sample(10, 1))).toEqual([sample(10, 1)]);
});
