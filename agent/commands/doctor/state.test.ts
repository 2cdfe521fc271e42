import { afterAll, expect, test } from "bun:test";
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { examineSpace, examineStateDirectory, examineWallClock } from "./state.ts";

const directory = mkdtempSync(join(tmpdir(), "doctor-"));
afterAll(() => rmSync(directory, { recursive: true }));

test("a state directory says what is in it, never what it holds", () => {
  expect(examineStateDirectory(directory).detail).toEndWith("no key, no journal, no content");
  mkdirSync(join(directory, "identity"));
  writeFileSync(join(directory, "identity/box.key"), "5ec4e7");
  const finding = examineStateDirectory(directory);
  expect(finding.detail).toEndWith("key, no journal, no content");
  expect(JSON.stringify(finding)).not.toContain("5ec4e7");
});

test.skipIf(process.getuid?.() !== 0)(
  "a key that the service may not read is told with what to do (needs root)",
  () => {
    const state = mkdtempSync(join(tmpdir(), "doctor-"));
    mkdirSync(join(state, "identity"));
    writeFileSync(join(state, "identity/box.key"), "5ec4e7");
    chownSync(state, 65_534, 65_534);
    const { outcome, detail } = examineStateDirectory(state);
    expect(outcome).toBe("bad");
    expect(detail).toContain(`box.key belongs to user 0 and ${state} to 65534`);
    rmSync(state, { recursive: true });
  },
);

test("a state directory that is not there yet is made by the service", () => {
  expect(examineStateDirectory("/nonexistent/spareband").outcome).toBe("attention");
});

test("space is looked up at the nearest directory that exists", () => {
  expect(examineSpace(join(directory, "not/yet")).detail).toEndWith(directory);
});

test("a clock before the executable was made is called wrong", () => {
  expect(examineWallClock(0, true).detail).toStartWith("1970-01-01T00:00:00Z cannot be right");
  expect(examineWallClock(Date.UTC(2027, 1, 1), true).outcome).toBe("good");
  expect(examineWallClock(Date.UTC(2027, 1, 1), false).outcome).toBe("attention");
});
