import { afterAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readBoundedFile } from "./read-bounded-file.ts";

const directory = mkdtempSync(join(tmpdir(), "spareband-read-"));
afterAll(() => rmSync(directory, { recursive: true }));
const signal = new AbortController().signal;

test("a file comes whole, and not at all when it is too long or endless", async () => {
  const path = join(directory, "file");
  writeFileSync(path, "twelve bytes");
  expect(Buffer.from(await readBoundedFile(path, 12, signal)).toString()).toBe("twelve bytes");
  await expect(readBoundedFile(path, 11, signal)).rejects.toThrow("longer than 11 bytes");
  await expect(readBoundedFile("/dev/zero", 100_000, signal)).rejects.toThrow(RangeError);
  await expect(readBoundedFile(directory, 12, signal)).rejects.toThrow("EISDIR");
  await expect(readBoundedFile(join(directory, "none"), 12, signal)).rejects.toThrow("ENOENT");
});

test("nobody writes into the pipe: it can be stopped all the same", async () => {
  const pipe = join(directory, "pipe");
  spawnSync("mkfifo", [pipe]);
  const stop = new AbortController();
  const read = readBoundedFile(pipe, 12, stop.signal);
  stop.abort(new Error("enough"));
  await expect(read).rejects.toThrow("enough");
  // The thread that waits in open(2) goes on when the pipe has a writer.
  writeFileSync(pipe, "");
});
