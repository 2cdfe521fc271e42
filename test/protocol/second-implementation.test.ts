/** verify.py, written from docs/protocol.md alone, has to give our answers. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expected, exported } from "./example-export.ts";
import { SPECIFICATION, VECTORS } from "./generate.ts";

const python = Bun.which("python3");
const verifier = new URL("./verify.py", import.meta.url).pathname;
const named = (name: string) => (python ? name : `${name} (python3 is missing)`);
const LIMIT_MS = 60_000;

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "spareband-verify-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function run(...args: readonly string[]) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([python ?? "python3", verifier, ...args]);
  return { exitCode, output: `${stdout}${stderr}` };
}

test.skipIf(!python)(
  named("all vectors hold in the second implementation"),
  () => {
    const { exitCode, output } = run("vectors", SPECIFICATION, VECTORS);
    expect(output).toContain("vectors hold");
    expect(exitCode).toBe(0);
  },
  LIMIT_MS,
);

test.skipIf(!python)(
  named("a limit that is changed in the specification is noticed"),
  () => {
    const specification = readFileSync(SPECIFICATION, "utf8");
    const changed = join(dir, "protocol.md");
    writeFileSync(
      changed,
      specification.replace("byte-count = 0..9007199254740991", "byte-count = 0..7"),
    );
    expect(run("vectors", changed, VECTORS).exitCode).not.toBe(0);
  },
  LIMIT_MS,
);

test.skipIf(!python)(
  named("an export verifies in the second implementation, and not when a byte is changed"),
  () => {
    const { content } = exported();
    const path = join(dir, "account.export");
    const keys = [...expected.coordinators];
    const verify = () => run("export", SPECIFICATION, path, "--environment", "dev", ...keys);
    writeFileSync(path, content);
    const good = verify();
    expect(JSON.parse(good.output)).toEqual({
      items: 29,
      records: 3,
      statements: 2,
      provenLines: 9,
      provenTokens: "14000",
    });
    writeFileSync(path, content.with(1_000, (content[1_000] ?? 0) ^ 1));
    expect(verify().exitCode).toBe(1);
  },
  LIMIT_MS,
);
