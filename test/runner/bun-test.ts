/** Runs test files with `bun test`, each group in a process of its own, so that a crash costs only itself. */

import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errnoOf } from "../../agent/core/errors.ts";
import { endOf } from "./end-of.ts";
import { type Case, casesOf } from "./report.ts";

/** A group that takes longer is taken for hung. */
const GROUP_LIMIT_MS = 12 * 60_000;
/** Bun's own 5 s is too near for tests that share two cores with another group. */
const TEST_LIMIT_MS = 30_000;

export interface GroupResult {
  readonly cases: readonly Case[];
  /** What `bun test` printed about failures. */
  readonly output: string;
}

/** Where the group's process crashed, its files run again one by one, so that only the culprit fails. */
export async function runGroup(files: readonly string[]): Promise<GroupResult> {
  const whole = await runProcess(files);
  if (whole.junit !== undefined || files.length === 1) {
    return { cases: casesOf(whole), output: whole.output };
  }
  const alone: GroupResult[] = [];
  for (const file of files) alone.push(await runGroup([file]));
  return {
    cases: alone.flatMap((each) => each.cases),
    output: alone.map((each) => each.output).join(""),
  };
}

async function runProcess(files: readonly string[]) {
  const scratch = await mkdtemp(join(tmpdir(), "spareband-test-"));
  // Tests that give a folder to another user need the way there open to him, as that through /tmp is.
  await chmod(scratch, 0o711);
  try {
    const report = join(scratch, "junit.xml");
    const child = Bun.spawn(
      [
        process.execPath,
        "test",
        "--only-failures",
        `--timeout=${TEST_LIMIT_MS}`,
        "--reporter=junit",
        `--reporter-outfile=${report}`,
        ...files.map((file) => `./${file}`),
      ],
      { env: testEnvironment(scratch), stdout: "pipe", stderr: "pipe", timeout: GROUP_LIMIT_MS },
    );
    const { code, stdout, stderr } = await endOf(child);
    return { files, junit: await contentOf(report), exitCode: code, output: stdout + stderr };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The caller's settings must not steer the tests, and what tests leave in TMPDIR goes with the run. */
function testEnvironment(scratch: string) {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(SPAREBAND_|BUN_OPTIONS)/.test(name),
  );
  return { ...Object.fromEntries(kept), TMPDIR: scratch, NO_COLOR: "1" };
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (fault) {
    if (errnoOf(fault) === "ENOENT") return undefined;
    throw fault;
  }
}
