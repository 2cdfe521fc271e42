import { expect, test } from "bun:test";
import { FakeClock } from "../core/fake-clock.ts";
import { milliseconds, seconds } from "../core/units.ts";
import { StallGuard } from "./stall-guard.ts";

const never = new AbortController().signal;

/** Feeds so many bytes each second, and tells whether the request was still running after each. */
async function fed(amount: number, times: number) {
  const clock = new FakeClock();
  const guard = new StallGuard(clock, never);
  for (let second = 0; second < times && !guard.signal.aborted; second++) {
    await clock.advance(seconds(1));
    guard.feed(amount);
  }
  guard.end();
  return guard;
}

test("a request runs while packets come, slow as they may be", async () => {
  expect((await fed(512, 60)).stalled).toBe(false);
});

test("one that says nothing, or drips, is stalled after 3 s", async () => {
  for (const amount of [0, 1, 300]) {
    const guard = await fed(amount, 5);
    expect([guard.stalled, guard.signal.aborted]).toEqual([true, true]);
  }
});

test("while the receiving side is busy the box is not to blame", async () => {
  const clock = new FakeClock();
  const guard = new StallGuard(clock, never);
  guard.pause();
  await clock.advance(seconds(20));
  guard.resume();
  await clock.advance(milliseconds(2900));
  expect(guard.stalled).toBe(false);
  await clock.advance(seconds(4));
  expect(guard.stalled).toBe(true);
  guard.end();
});

test("whoever asked ends it without a stall", () => {
  const outer = new AbortController();
  const guard = new StallGuard(new FakeClock(), outer.signal);
  outer.abort();
  expect([guard.stalled, guard.signal.aborted]).toEqual([false, true]);
  guard.end();
});
