import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock } from "../core/fake-clock.ts";
import { seededRandom } from "../core/random.ts";
import { Pairing } from "./pairing.ts";

let directory: string;
let clock: FakeClock;
const file = () => join(directory, "status-sessions.json");
const open = (seed = 1) => new Pairing({ file: file(), clock, random: seededRandom(seed) });
const wrong = (code: string) => (code === "000000" ? "000001" : "000000");

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "spareband-pairing-"));
  clock = new FakeClock();
});
afterEach(() => rmSync(directory, { recursive: true }));

test("the code that was shown pairs once, and the session lasts over a restart", () => {
  const pairing = open();
  const code = pairing.newCode() ?? "";
  expect(code).toMatch(/^\d{6}$/);
  const paired = pairing.pair(code);
  expect(paired.ok).toBe(true);
  const session = paired.ok ? paired.session : "";
  expect(open().knows(session)).toBe(true);
  expect(readFileSync(file(), "utf8")).not.toContain(session);
  expect(pairing.pair(code)).toEqual({ ok: false, code: "wrong-code" });
});

test("without a code that is shown nothing pairs", () => {
  expect(open().pair("000000")).toEqual({ ok: false, code: "wrong-code" });
  expect(open().knows(undefined)).toBe(false);
  expect(open().knows("x".repeat(1000))).toBe(false);
});

test("a code ends after ten minutes, and after a new one was shown", async () => {
  const pairing = open();
  const first = pairing.newCode() ?? "";
  pairing.newCode();
  expect(pairing.pair(first).ok).toBe(false);
  const second = pairing.newCode() ?? "";
  await clock.advance(600_000);
  expect(pairing.pair(second).ok).toBe(false);
});

test("five wrong tries void the code and lock out, longer each time (fault 60)", async () => {
  const pairing = open();
  for (const lock of [60_000, 120_000, 240_000]) {
    const code = pairing.newCode() ?? "";
    for (let tries = 1; tries < 5; tries++) {
      expect(pairing.pair(wrong(code))).toEqual({ ok: false, code: "wrong-code" });
    }
    expect(pairing.pair(wrong(code))).toEqual({ ok: false, code: "locked-out" });
    expect(pairing.pair(code)).toEqual({ ok: false, code: "locked-out" });
    expect(pairing.newCode()).toBeUndefined();
    await clock.advance(lock);
    expect(pairing.pair(code)).toEqual({ ok: false, code: "wrong-code" });
  }
});

test("a brute-forcer gets fewer than 200 tries a day while a code is shown all the time", async () => {
  const pairing = open();
  let tries = 0;
  for (let minute = 0; minute < 24 * 60; minute++) {
    pairing.newCode();
    for (let attempt = 0; attempt < 10; attempt++) {
      const outcome = pairing.pair("------");
      if (!outcome.ok && outcome.code === "locked-out") break;
      tries++;
    }
    await clock.advance(60_000);
  }
  expect(tries).toBeLessThan(200);
});

test("a damaged file of sessions forgets them", () => {
  for (const text of ["", "{", '["x"]', "null"]) {
    writeFileSync(file(), text);
    expect(open().knows("x")).toBe(false);
  }
});

test("the newest 32 sessions stay", () => {
  const pairing = open();
  const sessions = Array.from({ length: 40 }, () => pairing.admit());
  expect(sessions.map((session) => pairing.knows(session))).toEqual(
    sessions.map((_, index) => index >= 8),
  );
});

test("a launch key opens the page once, and not for long", async () => {
  const pairing = open();
  const key = pairing.newLaunchKey();
  expect(pairing.launch("wrong")).toBeUndefined();
  const session = pairing.launch(key);
  expect(pairing.knows(session)).toBe(true);
  expect(pairing.launch(key)).toBeUndefined();
  const late = pairing.newLaunchKey();
  await clock.advance(15 * 60_000);
  expect(pairing.launch(late)).toBeUndefined();
});
