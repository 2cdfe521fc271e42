import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { localLinks, testedBlocks } from "./docs/blocks.ts";

const root = join(import.meta.dir, "..");
const PAGE_LIMIT_MS = 600_000;

const files = ["README.md", ...new Bun.Glob("docs/*.md").scanSync(root)].sort();
const pages = await Promise.all(
  files.map(async (file) => ({ file, text: await Bun.file(join(root, file)).text() })),
);

/** The repository as somebody who clones it gets it, with the packages already there. */
async function freshCopy(): Promise<string> {
  const copy = join(await mkdtemp(join(tmpdir(), "clone-")), "spareband");
  await mkdir(copy);
  const top = ["agent", "hardware", "test", "systemd", "docs", ".ci", "build.sh", "package.json"];
  for (const name of [...top, "bun.lock", "tsconfig.json", "bunfig.toml", "README.md", "LICENSE"]) {
    await cp(join(root, name), join(copy, name), { recursive: true });
  }
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  return copy;
}

describe("commands in the documentation work", () => {
  const tested = pages
    .map(({ file, text }) => [file, testedBlocks(text)] as const)
    .filter(([, blocks]) => blocks.length > 0);

  test.each(tested)(
    "%s",
    async (file, blocks) => {
      const cwd = await freshCopy();
      const home = await mkdtemp(join(tmpdir(), "home-"));
      for (const { line, commands } of blocks) {
        const child = Bun.spawn(["sh", "-euc", commands], {
          cwd,
          env: { ...process.env, HOME: home, SPAREBAND_APT: "no" },
          stdin: "ignore",
          stdout: "pipe",
          stderr: "pipe",
        });
        const [stdout, stderr, code] = await Promise.all([
          new Response(child.stdout).text(),
          new Response(child.stderr).text(),
          child.exited,
        ]);
        expect(code, `${file}:${line} ended with ${code}:\n${stdout}${stderr}`).toBe(0);
      }
    },
    PAGE_LIMIT_MS,
  );
});

test.each(pages.map(({ file, text }) => [file, text] as const))(
  "links in %s lead somewhere",
  (file, text) => {
    const dead = localLinks(text).filter(
      (target) => !existsSync(join(root, dirname(file), target)),
    );
    expect(dead).toEqual([]);
  },
);
