import { afterEach, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Log } from "../core/log.ts";
import { silentLog } from "../core/log.ts";
import { bytes } from "../core/units.ts";
import { openRecording, RecordingFile } from "./recording-file.ts";

const folder = mkdtempSync(join(tmpdir(), "recording-"));
const path = join(folder, "run.jsonl");
afterEach(() => rmSync(path, { force: true }));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

test("lines stand in the file in their order, which only its owner reads", () => {
  {
    using file = new RecordingFile(path, silentLog);
    for (let i = 0; i < 20_000; i++) file.write(`{"line":${i}}`);
  }
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  expect(lines).toHaveLength(20_000);
  expect(lines.at(-1)).toBe('{"line":19999}');
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("it ends by itself, and says so once", () => {
  const said: string[] = [];
  const log: Log = { ...silentLog, notice: (message) => said.push(message) };
  {
    using file = new RecordingFile(path, log, bytes(200_000));
    for (let i = 0; i < 10_000; i++) file.write("x".repeat(99));
  }
  expect(statSync(path).size).toBeLessThan(300_000);
  expect(said).toHaveLength(1);
});

test("a disk that is full ends it, not the governor", () => {
  const said: string[] = [];
  const log: Log = { ...silentLog, error: (message) => said.push(message) };
  {
    using file = new RecordingFile("/dev/full", log);
    for (let i = 0; i < 3000; i++) file.write("x".repeat(99));
  }
  expect(said).toEqual(["the recording ends here"]);
});

test("a file that cannot be written is a sentence with the setting", () => {
  expect(openRecording("", silentLog)).toBeUndefined();
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  expect(() => openRecording(pipe, silentLog)).toThrow(/pipe \(ENXIO\)/);
  expect(() => openRecording(join(folder, "none/run.jsonl"), silentLog)).toThrow(
    /cannot write .*run.jsonl \(ENOENT\), which governor.recording names/,
  );
});
