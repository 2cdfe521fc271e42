import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PipeForFile, readTextFile } from "./read-text-file.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "text-file-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test.each([0, 1, 99, 100])("a file of %d bytes is read within 100", (size) => {
  const file = join(directory, "file");
  writeFileSync(file, "x".repeat(size));
  expect(readTextFile(file, 100)).toBe("x".repeat(size));
});

test("one byte more is too much, and so is a device without an end", () => {
  const file = join(directory, "file");
  writeFileSync(file, "x".repeat(101));
  expect(() => readTextFile(file, 100)).toThrow(RangeError);
  expect(() => readTextFile("/dev/zero", 100)).toThrow(RangeError);
});

test("a device without anything is an empty file", () => {
  expect(readTextFile("/dev/null", 100)).toBe("");
});

test("a pipe that nobody writes to is refused at once", () => {
  const pipe = join(directory, "pipe");
  expect(Bun.spawnSync(["mkfifo", pipe]).success).toBe(true);
  expect(() => readTextFile(pipe, 100)).toThrow(PipeForFile);
});

test("what cannot be opened says why", () => {
  expect(() => readTextFile(join(directory, "none"), 100)).toThrow(/ENOENT/);
  expect(() => readTextFile(directory, 100)).toThrow(/EISDIR/);
});
