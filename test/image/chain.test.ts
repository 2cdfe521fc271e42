import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type BuildTarget,
  buildExecutables,
  must,
  repository,
  runnerOf,
  skipNote,
} from "./executable.ts";

const targets: readonly BuildTarget[] = ["linux-x64", "linux-arm64"];
const LIMIT_MS = 400_000;
const title = join(repository, "test/fixtures/titles/meadow");
let dist = "";

beforeAll(async () => {
  dist = await buildExecutables(targets);
}, LIMIT_MS);
afterAll(() => rm(dist, { recursive: true, force: true }));

for (const target of targets) {
  const runner = runnerOf(target);
  test.skipIf(runner === undefined)(
    `a title travels from a creator through boxes to a viewer on ${target}${skipNote(target)}`,
    async () => {
      const state = await mkdtemp(join(tmpdir(), "chain-"));
      const executable = join(dist, `spareband-${target}`);
      const said = await must(
        [...(runner ?? []), executable, "dev", "--once", "--title", title, "--state", state],
        { cwd: state },
      );
      expect(said).toContain("identical to what was published");
      expect(said).toContain("every sum agrees with every other");
    },
    LIMIT_MS,
  );
}
