/**
 * The whole check, stage by stage: types, lint, unit tests by folder, then what crosses parts. Ends
 * with the line `N passed, N failed`. With arguments, only the tests under those paths.
 */

import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import { type GroupResult, runGroup } from "./runner/bun-test.ts";
import { endOf } from "./runner/end-of.ts";
import { type Case, skipReasons, summary } from "./runner/report.ts";

interface Job {
  readonly name: string;
  readonly run: () => Promise<GroupResult>;
}

const wanted = process.argv.slice(2);
const cases: Case[] = [];

if (wanted.length === 0) {
  await runJobs(
    [
      tool("typecheck", "tsc"),
      tool(
        "lint",
        "biome",
        "ci",
        "--config-path=.ci/lint.json",
        "--colors=off",
        "agent",
        "hardware",
        "test",
      ),
    ],
    2,
  );
}
const files = await testFiles();
/** Measurements of a line need the machine to themselves. */
const measures = (file: string) => /^test\/(lab|bench)\//.test(file);
const shared = Object.entries(
  Object.groupBy(
    files.filter((f) => !measures(f)),
    groupOf,
  ),
);
await runJobs(
  shared.map(([name, group = []]) => ({ name, run: () => runGroup(group) })),
  availableParallelism(),
);
await runJobs(
  files.filter(measures).map((file) => ({ name: file, run: () => runGroup([file]) })),
  1,
);
conclude();

async function testFiles(): Promise<string[]> {
  const found: string[] = [];
  for (const root of ["agent", "hardware", "test"]) {
    for await (const file of new Bun.Glob(`${root}/**/*.test.ts`).scan(".")) found.push(file);
  }
  return found
    .filter((file) => wanted.length === 0 || wanted.some((path) => file.startsWith(path)))
    .sort();
}

/** Unit tests share a process by folder; what crosses parts gets one for each file. */
function groupOf(file: string): string {
  return file.startsWith("test/") ? file : dirname(file).split("/").slice(0, 2).join("/");
}

/** A program of node_modules whose exit code is one passed or failed test. */
function tool(name: string, program: string, ...args: string[]): Job {
  return {
    name,
    run: async () => {
      const child = Bun.spawn([`node_modules/.bin/${program}`, ...args], {
        env: { ...process.env, NO_COLOR: "1" },
        stdout: "pipe",
        stderr: "pipe",
      });
      const { code, stdout, stderr } = await endOf(child);
      const outcome = code === 0 ? "passed" : "failed";
      return { cases: [{ file: name, name: program, outcome }], output: stdout + stderr };
    },
  };
}

async function runJobs(jobs: readonly Job[], atOnce: number): Promise<void> {
  const queue = [...jobs];
  const worker = async () => {
    for (let job = queue.shift(); job; job = queue.shift()) {
      const started = performance.now();
      const result = await job.run();
      cases.push(...result.cases);
      const failed = result.cases.some((each) => each.outcome === "failed");
      if (failed) console.log(result.output.trimEnd());
      const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(6);
      console.log(
        `${failed ? "FAIL" : "ok  "} ${seconds} s  ${job.name}: ${summary(result.cases)}`,
      );
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

function conclude(): void {
  const skipped = cases.filter((each) => each.outcome === "skipped");
  if (skipped.length > 0) console.log("\nskipped:");
  for (const each of skipped) console.log(`  ${each.file}: ${each.name}`);
  for (const [reason, count] of skipReasons(cases)) console.log(`  ${count} × ${reason}`);

  const failed = cases.filter((each) => each.outcome === "failed");
  if (failed.length > 0) console.log("\nfailed:");
  for (const each of failed) console.log(`  ${each.file}: ${each.name}`);

  const ran = cases.some((each) => each.outcome === "passed") && files.length > 0;
  if (!ran) console.log("\nno tests ran");
  console.log(`\n${summary(cases)}`);
  process.exitCode = ran && failed.length === 0 ? 0 : 1;
}
