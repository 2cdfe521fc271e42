import { expect, test } from "bun:test";
import { systemClock } from "./system-clock.ts";
import { milliseconds } from "./units.ts";

const FOREVER = milliseconds(2 ** 40);

test("all who sleep until a signal wake when it aborts, and who comes later does not sleep", async () => {
  const stop = new AbortController();
  const sleeps = [1, 2, 3].map(() => systemClock.sleep(FOREVER, stop.signal));
  // One whose time is over takes nobody along.
  await systemClock.sleep(milliseconds(0), stop.signal);
  stop.abort();
  await Promise.all([...sleeps, systemClock.sleep(FOREVER, stop.signal)]);
});

test("a signal is listened to while somebody sleeps, once", async () => {
  const stop = new AbortController();
  const calls: string[] = [];
  const { addEventListener, removeEventListener } = stop.signal;
  stop.signal.addEventListener = (...rest: Parameters<typeof addEventListener>) => {
    calls.push("listens");
    addEventListener.apply(stop.signal, rest);
  };
  stop.signal.removeEventListener = (...rest: Parameters<typeof removeEventListener>) => {
    calls.push("stops");
    removeEventListener.apply(stop.signal, rest);
  };
  const soon = milliseconds(0);
  await Promise.all([systemClock.sleep(soon, stop.signal), systemClock.sleep(soon, stop.signal)]);
  expect(calls).toEqual(["listens", "stops"]);
  await systemClock.sleep(soon, stop.signal);
  expect(calls).toEqual(["listens", "stops", "listens", "stops"]);
});
