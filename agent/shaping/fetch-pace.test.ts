import { expect, test } from "bun:test";
import { FakeClock } from "../core/fake-clock.ts";
import { type BitsPerSecond, megabitsPerSecond } from "../core/units.ts";
import { createFetchPace } from "./fetch-pace.ts";

const MEGABYTE = 1e6;

function bench(first: BitsPerSecond | undefined) {
  const clock = new FakeClock();
  const limit = { rate: first };
  const pace = createFetchPace({ clock, rate: () => limit.rate });
  const given: number[] = [];
  const ask = (amount: number, signal = new AbortController().signal) =>
    pace(amount, signal).then(() => void given.push(clock.monotonicMs()));
  return { clock, limit, given, ask };
}

test("turns come at the rate, in order, the first at once", async () => {
  const { clock, given, ask } = bench(megabitsPerSecond(8));
  for (let request = 0; request < 4; request++) void ask(MEGABYTE);
  await clock.advance(10_000);
  expect(given).toEqual([0, 1000, 2000, 3000]);
});

test("without a limit there is no waiting", async () => {
  const { clock, given, ask } = bench(undefined);
  for (let request = 0; request < 4; request++) void ask(MEGABYTE);
  await clock.advance(1);
  expect(given).toHaveLength(4);
});

test("a higher rate is noticed while waiting", async () => {
  const { clock, limit, given, ask } = bench(megabitsPerSecond(0.08));
  void ask(MEGABYTE);
  void ask(MEGABYTE);
  await clock.advance(1000);
  expect(given).toHaveLength(1);
  limit.rate = megabitsPerSecond(80);
  await clock.advance(500);
  expect(given).toHaveLength(2);
});

test("at a rate of nothing everybody waits", async () => {
  const { clock, limit, given, ask } = bench(megabitsPerSecond(0));
  void ask(MEGABYTE);
  await clock.advance(5000);
  expect(given).toEqual([]);
  limit.rate = megabitsPerSecond(8);
  await clock.advance(250);
  expect(given).toHaveLength(1);
});

test("time in which nothing was asked for is not saved up", async () => {
  const { clock, given, ask } = bench(megabitsPerSecond(8));
  await clock.advance(60_000);
  for (let request = 0; request < 3; request++) void ask(MEGABYTE);
  await clock.advance(500);
  expect(given).toHaveLength(1);
});

test("who gives up waiting takes nothing from the others", async () => {
  const { clock, given, ask } = bench(megabitsPerSecond(8));
  const impatient = new AbortController();
  void ask(MEGABYTE);
  void ask(100 * MEGABYTE, impatient.signal);
  void ask(MEGABYTE);
  impatient.abort();
  await clock.advance(1000);
  expect(given).toHaveLength(3);
});
