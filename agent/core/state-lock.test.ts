import { afterEach, beforeEach, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockState } from "./state-lock.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "spareband-lock-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Takes the lock in another process, which then ends as told. */
const another = (ending: string) =>
  spawnSync(process.execPath, [
    "-e",
    `import { lockState } from ${JSON.stringify(join(import.meta.dir, "state-lock.ts"))};
     const lock = lockState(${JSON.stringify(directory)}, "coordinator"); ${ending}`,
  ]);

test("a second one on the directory is refused in a sentence, until the first lets go", () => {
  const first = lockState(directory, "coordinator");
  const refused = /Another spareband coordinator uses the state directory .*: stop it, or/;
  expect(() => lockState(directory, "coordinator")).toThrow(refused);
  expect(String(another("lock;").stderr)).toMatch(refused);
  first[Symbol.dispose]();
  expect(another("lock[Symbol.dispose]();").status).toBe(0);
});

test("one that was killed leaves no lock behind", () => {
  expect(another("process.kill(process.pid, 'SIGKILL');").signal).toBe("SIGKILL");
  lockState(directory, "coordinator")[Symbol.dispose]();
});

test("what stands in its place is named", () => {
  mkdirSync(join(directory, "lock"));
  expect(() => lockState(directory, "coordinator")).toThrow(/remove what is there/);
});
