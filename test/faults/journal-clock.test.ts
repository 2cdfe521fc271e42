/** The machine's clock jumps by years under load, made by libfaketime (9, 47). */
import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { makeJournal } from "../../agent/journal/journal-testing.ts";
import { checkChain } from "./journal-inspection.ts";

const library = ["x86_64", "aarch64"]
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`)
  .find(existsSync);
const label = library === undefined ? " (libfaketime is missing)" : "";

test.skipIf(library === undefined)(
  `the clock jumps ten years ahead and to 1970: no timer storm, no negative period${label}`,
  async () => {
    const state = mkdtempSync(join(tmpdir(), "spareband-clock-"));
    const times = join(state, "times");
    const jump = (to: string) => writeFileSync(times, `${to}\n`);
    jump("+0");
    const child = spawn(process.execPath, ["test/faults/clock-child.ts", state], {
      stdio: ["pipe", "pipe", "inherit"],
      env: {
        ...process.env,
        LD_PRELOAD: library,
        FAKETIME_TIMESTAMP_FILE: times,
        FAKETIME_NO_CACHE: "1",
        FAKETIME_DONT_FAKE_MONOTONIC: "1",
      },
    });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const line = async () => (await lines.next()).value as string;
    const thisYear = new Date().getUTCFullYear();
    const jumps: readonly (readonly [to: string, there: (year: number) => boolean])[] = [
      ["+0", (year) => year <= thisYear + 1],
      ["+10y", (year) => year > thisYear + 5],
      ["@1970-01-01 00:00:10", (year) => year === 1970],
      ["+0", (year) => year >= thisYear],
    ];
    // It goes on when the child has worked for a while in the year it is in, however busy the machine.
    for (const [to, there] of jumps) {
      jump(to);
      for (let ticks = 0; ticks < 10; ) if (there(Number(await line()))) ticks += 1;
    }
    child.stdin.end();
    let last = "";
    for (let next = await line(); next !== undefined; next = await line()) last = next;
    const told = JSON.parse(last);
    expect(told.records).toBe(told.ticks);
    expect(told.ticks * told.pause).toBeLessThanOrEqual(told.lasted);
    expect(told.shortest).toBeGreaterThanOrEqual(0);
    expect(told.longest).toBeLessThanOrEqual(told.lasted);
    const { journal } = makeJournal(state);
    checkChain(journal);
    expect(journal.pendingRecords).toBe(told.records);
    journal[Symbol.dispose]();
    rmSync(state, { recursive: true });
  },
  60_000,
);
