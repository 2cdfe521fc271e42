import { expect, test } from "bun:test";
import { FakeClock } from "./fake-clock.ts";
import { createLog } from "./log.ts";
import type { ServiceNotify } from "./sd-notify.ts";
import { seconds } from "./units.ts";
import { createPulse, createWatchdog, type LifeCheck, watchdogLimit } from "./watchdog.ts";

function harness(checks: (clock: FakeClock) => LifeCheck[]) {
  const clock = new FakeClock();
  const lines: string[] = [];
  let fed = 0;
  const notify: ServiceNotify = {
    ready: () => {},
    status: () => {},
    watchdog: () => void fed++,
    stopping: () => {},
  };
  const log = createLog({ format: "text", level: "debug", write: (line) => lines.push(line) });
  const stop = new AbortController();
  const list = checks(clock);
  const part = createWatchdog({ notify, limit: seconds(30), checks: list, clock, log });
  const running = part.run(stop.signal);
  return { clock, lines, stop, running, fed: () => fed };
}

test("fed at a third of the limit while all checks are alive", async () => {
  const { clock, fed, stop, running } = harness(() => []);
  await clock.advance(60_000);
  expect(fed()).toBe(7);
  stop.abort();
  await running;
});

test("a loop that stopped beating ends the feeding, and is named once", async () => {
  const { clock, fed, lines, stop, running } = harness((time) => [
    createPulse("journal", seconds(15), time),
  ]);
  await clock.advance(60_000);
  expect(fed()).toBe(2);
  expect(lines).toEqual(['error   loop tick failed loop=watchdog reason="not alive: journal"']);
  stop.abort();
  await running;
});

test("a check that throws is not alive", async () => {
  const broken = {
    name: "journal",
    alive: () => {
      throw new Error("disk I/O error");
    },
  };
  const { clock, fed, stop, running } = harness(() => [broken]);
  await clock.advance(30_000);
  expect(fed()).toBe(0);
  stop.abort();
  await running;
});

test("a pulse lives on while it beats", async () => {
  const clock = new FakeClock();
  const pulse = createPulse("governor", seconds(1), clock);
  await clock.advance(900);
  pulse.beat();
  await clock.advance(900);
  expect(pulse.alive()).toBe(true);
  await clock.advance(200);
  expect(pulse.alive()).toBe(false);
});

test("the limit is read from WATCHDOG_USEC, and nonsense means none", () => {
  expect(watchdogLimit("30000000")).toBe(seconds(30));
  for (const text of [undefined, "", "0", "-1", "1e9", "30s"]) {
    expect(watchdogLimit(text)).toBeUndefined();
  }
});
