import { expect, test } from "bun:test";
import { FakeClock } from "../core/fake-clock.ts";
import { megabitsPerSecond } from "../core/units.ts";
import { createFillPace } from "./fill-pace.ts";

test("what is asked for keeps to the rate on average", async () => {
  const clock = new FakeClock();
  const pace = createFillPace(megabitsPerSecond(8), () => true, clock);
  const at: number[] = [];
  const asking = (async () => {
    for (let request = 0; request < 4; request++) {
      await pace(500_000, new AbortController().signal);
      at.push(clock.monotonicMs());
    }
  })();
  await clock.advance(2000);
  await asking;
  expect(at).toEqual([0, 500, 1000, 1500]);
});

test("while filling is not allowed nothing is asked for", async () => {
  const clock = new FakeClock();
  let allowed = false;
  let passed = false;
  const pace = createFillPace(megabitsPerSecond(8), () => allowed, clock);
  const asking = pace(1, new AbortController().signal).then(() => {
    passed = true;
  });
  await clock.advance(10_000);
  expect(passed).toBe(false);
  allowed = true;
  await clock.advance(1000);
  await asking;
  expect(passed).toBe(true);
});
