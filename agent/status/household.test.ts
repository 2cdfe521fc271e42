import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hash } from "../core/encoding.ts";
import { OperatorError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLog } from "../core/log.ts";
import { bitsPerSecond, bytes, unixSeconds } from "../core/units.ts";
import { Health } from "../health/health.ts";
import type { Limits } from "./choices.ts";
import { Household } from "./household.ts";

let directory: string;
let clock: FakeClock;
let health: Health;
const open = () => new Household({ directory, clock, log: silentLog, health });
const agree = { given: true, text: "ab".repeat(32) as Hash, language: "de" };
const codes = () => health.list().map((condition) => condition.code);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "spareband-household-"));
  clock = new FakeClock();
  health = new Health({ clock, log: silentLog });
});
afterEach(() => rmSync(directory, { recursive: true }));

test("consent is off until it is given, and stays given over a restart", () => {
  expect(open().consented).toBe(false);
  open().consent(agree);
  expect(open().consented).toBe(true);
  expect(open().choices.consent).toMatchObject({ language: "de", at: clock.wallMs() / 1000 });
  open().consent({ ...agree, given: false });
  expect(open().consented).toBe(false);
});

test("a pause with an end runs out by itself; one without does not", async () => {
  const household = open();
  household.pause(60);
  expect(household.choices.pause.state).toBe("paused");
  await clock.advance(61_000);
  expect(household.choices.pause.state).toBe("running");
  household.pause();
  await clock.advance(1e9);
  expect(open().choices.pause).toEqual({ state: "paused" });
  household.resume();
  expect(open().choices.pause.state).toBe("running");
});

test("a pause lasts as long as was said, whatever the time of day does meanwhile", async () => {
  const now = clock.wallMs();
  clock.jumpWall(0);
  const household = open();
  household.pause(3600);
  await clock.advance(60_000);
  clock.jumpWall(now);
  const until = Math.floor(now / 1000) + 3540;
  expect(household.choices.pause).toEqual({ state: "paused", until: unixSeconds(until) });
  clock.jumpWall(now - 1e10);
  await clock.advance(3_539_000);
  expect(household.choices.pause.state).toBe("paused");
  await clock.advance(1_000);
  expect(household.choices.pause.state).toBe("running");
});

test("limits come back exactly", () => {
  const limits = {
    maxRate: bitsPerSecond(5e6),
    share: 80,
    dailyCap: bytes(10e9),
    allowMetered: true,
    quietHours: [{ from: 1320, to: 360 }],
  };
  open().setLimits(limits);
  expect(open().choices.limits).toEqual(limits);
});

test.each(["", "{", "null", '{"pause":{"state":"running"}}', "\0\0\0\0"])(
  "a file damaged to %j gives way to the last good copy, and says so",
  (damaged) => {
    open().consent(agree);
    open().pause();
    writeFileSync(join(directory, "household.json"), damaged);
    const household = open();
    expect(household.consented).toBe(true);
    expect(household.choices.pause.state).toBe("paused");
    expect(codes()).toEqual(["household-file-restored"]);
    household.resume();
    expect(codes()).toEqual([]);
  },
);

test("any single byte of the file flipped never yields consent that was not given", () => {
  open().consent({ ...agree, given: false });
  const path = join(directory, "household.json");
  const good = readFileSync(path);
  for (let at = 0; at < good.length; at++) {
    const flipped = Buffer.from(good);
    flipped[at] = (flipped[at] as number) ^ 1;
    writeFileSync(path, flipped);
    expect(open().consented).toBe(false);
  }
});

test("with the copy damaged too nothing is shared, and the household is told", () => {
  open().consent(agree);
  writeFileSync(join(directory, "household.json"), "{");
  writeFileSync(join(directory, "household.last-good.json"), "{");
  expect(open().consented).toBe(false);
  expect(codes()).toEqual(["household-file-lost"]);
});

test("what cannot be stored is said; it is in force only where it shares less", () => {
  const gone = join(directory, "gone");
  const household = new Household({ directory: gone, clock, log: silentLog, health });
  expect(() => household.consent(agree)).toThrow(OperatorError);
  expect(household.consented).toBe(false);
  expect(() => household.pause()).toThrow(OperatorError);
  expect(household.choices.pause.state).toBe("paused");
  expect(() => household.resume()).toThrow(OperatorError);
  expect(household.choices.pause.state).toBe("paused");
});

test("limits that cannot be stored are in force where they are tighter, and only there", () => {
  const state = join(directory, "state");
  const put = (limits: Partial<Limits>) => () =>
    household.setLimits({ share: 100, allowMetered: false, quietHours: [], ...limits });
  mkdirSync(state);
  const household = new Household({ directory: state, clock, log: silentLog, health });
  const night = { from: 1320, to: 360 };
  put({ maxRate: bitsPerSecond(5e6), monthlyCap: bytes(1e9), allowMetered: true })();
  rmSync(state, { recursive: true });
  expect(
    put({ share: 50, maxRate: bitsPerSecond(9e6), dailyCap: bytes(7), quietHours: [night] }),
  ).toThrow(OperatorError);
  const tightest = {
    maxRate: bitsPerSecond(5e6),
    dailyCap: bytes(7),
    monthlyCap: bytes(1e9),
    share: 50,
    allowMetered: false,
    quietHours: [night],
  };
  expect(household.choices.limits).toEqual(tightest);
  expect(put({ allowMetered: true, quietHours: [night] })).toThrow(OperatorError);
  expect(household.choices.limits).toEqual(tightest);
  const hours = Array.from({ length: 8 }, (_, from) => ({ from, to: 60 }));
  expect(put({ quietHours: hours })).toThrow(OperatorError);
  expect(household.choices.limits.quietHours).toEqual([{ from: 0, to: 0 }]);
  mkdirSync(state);
  put({ share: 80 })();
  expect(household.choices.limits).toEqual({ share: 80, allowMetered: false, quietHours: [] });
});
