/** The machine's clock jumps by years under load, made by libfaketime (9, 47). */
import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeJournal } from "../../agent/journal/journal-testing.ts";
import { checkChain } from "./journal-inspection.ts";

const library = ["x86_64", "aarch64"]
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`)
  .find(existsSync);
const label = library === undefined ? " (libfaketime is missing)" : "";

test.skipIf(library === undefined)(
  `the clock jumps ten years ahead and to 1970: no timer storm, no negative period, no cap forgotten${label}`,
  async () => {
    const state = mkdtempSync(join(tmpdir(), "spareband-clock-"));
    const times = join(state, "times");
    const jump = (to: string) => writeFileSync(times, `${to}\n`);
    jump("+0");
    const child = spawn(process.execPath, ["test/faults/clock-child.ts", state], {
      stdio: ["ignore", "pipe", "inherit"],
      env: {
        ...process.env,
        LD_PRELOAD: library,
        FAKETIME_TIMESTAMP_FILE: times,
        FAKETIME_NO_CACHE: "1",
        FAKETIME_DONT_FAKE_MONOTONIC: "1",
      },
    });
    let text = "";
    child.stdout.on("data", (data) => {
      text += String(data);
    });
    const ended = new Promise((done) => child.once("close", done));
    for (const to of ["+10y", "@1970-01-01 00:00:10", "+0"]) {
      await Bun.sleep(400);
      jump(to);
    }
    await ended;
    const told = JSON.parse(text);
    expect(told.years.length).toBeGreaterThanOrEqual(2);
    expect(told.records).toBe(told.ticks);
    expect(told.ticks).toBeGreaterThan(10);
    expect(told.ticks).toBeLessThanOrEqual(75);
    expect(told.shortest).toBeGreaterThanOrEqual(0);
    expect(told.longest).toBeLessThan(1500);
    const { journal } = makeJournal(state);
    checkChain(journal);
    expect(journal.pendingRecords).toBe(told.records);
    journal[Symbol.dispose]();
    rmSync(state, { recursive: true });
  },
  20_000,
);
