import { expect, test } from "bun:test";
import { FakeClock } from "./fake-clock.ts";
import { silentLog } from "./log.ts";
import { every, type Part, runAll } from "./part.ts";
import { milliseconds } from "./units.ts";

const waiting = (name: string, ended: string[]): Part => ({
  name,
  run: (signal) =>
    new Promise((resolve) => {
      signal.addEventListener("abort", () => {
        ended.push(name);
        resolve();
      });
    }),
});

test("the first part to fail stops its siblings and is what is thrown", async () => {
  const ended: string[] = [];
  const broken: Part = { name: "broken", run: () => Promise.reject(new Error("no disk")) };
  const all = runAll(
    [waiting("a", ended), broken, waiting("b", ended)],
    new AbortController().signal,
  );
  expect(all).rejects.toThrow("no disk");
  await all.catch(() => undefined);
  expect(ended).toEqual(["a", "b"]);
});

test("a part that ends by itself is a fault", async () => {
  const early: Part = { name: "early", run: () => Promise.resolve() };
  expect(runAll([early], new AbortController().signal)).rejects.toThrow("early ended by itself");
});

test("parts that end because they were asked to are no fault", async () => {
  const stop = new AbortController();
  const ended: string[] = [];
  const all = runAll([waiting("a", ended)], stop.signal);
  stop.abort();
  await all;
  expect(ended).toEqual(["a"]);
});

test("a loop keeps its pace and outlives a failing tick", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const at: number[] = [];
  const loop = every(
    milliseconds(100),
    () => {
      at.push(clock.monotonicMs());
      if (at.length === 2) throw new Error("once");
    },
    { clock, log: silentLog, signal: stop.signal, name: "test" },
  );
  await clock.advance(350);
  stop.abort();
  await loop;
  expect(at).toEqual([0, 100, 200, 300]);
});
