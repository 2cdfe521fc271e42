/** The documentation is true as far as a machine can tell: commands run, what is named is there. */
import { describe, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loadConfig } from "../agent/config.ts";
import { readSplit } from "../agent/content/split-file.ts";
import { blocksOf, localLinks, scriptOf } from "./docs/blocks.ts";
import { mentionsOf, namedIn } from "./docs/commands.ts";
import { freePort } from "./faults/mosquitto.ts";
import { endOf } from "./runner/end-of.ts";

const root = join(import.meta.dir, "..");
const PAGE_LIMIT_MS = 600_000;
const HELP_LIMIT_MS = 120_000;

const files = ["README.md", ...new Bun.Glob("docs/*.md").scanSync(root)].sort();
const pages = await Promise.all(
  files.map(async (file) => {
    const text = await Bun.file(join(root, file)).text();
    return { file, text, blocks: blocksOf(text) };
  }),
);
const blocksIn = (language: "sh" | "console" | "toml") =>
  pages.flatMap(({ file, blocks }) =>
    blocks
      .filter((block) => block.language === language)
      .map(({ line, text }) => [`${file}:${line}`, text] as const),
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

/** The same on ports that nobody has: another run of the tests, or a coordinator at work, may be here. */
async function onFreePorts(script: string): Promise<string> {
  const ports = new Set(script.match(/(?<=127\.0\.0\.1:)\d+/g));
  const free = new Map(
    await Promise.all([...ports].map(async (port) => [port, String(await freePort())] as const)),
  );
  return script.replace(/(?<=127\.0\.0\.1:)\d+/g, (port) => free.get(port) ?? port);
}

/** What the text around a page's blocks says that its variables stand for. */
const CONCERNED = { box: "b".repeat(64), appeal: "1" };

describe("the shell blocks of a page work, one after the other", () => {
  const scripts = pages
    .map(({ file, blocks }) => [file, scriptOf(file, blocks)] as const)
    .filter(([, script]) => script !== "");
  test.each(scripts)(
    "%s",
    async (file, script) => {
      const child = Bun.spawn(["sh", "-euc", await onFreePorts(script)], {
        cwd: await freshCopy(),
        env: {
          ...process.env,
          ...CONCERNED,
          HOME: await mkdtemp(join(tmpdir(), "home-")),
          SPAREBAND_APT: "no",
        },
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      });
      const { code, stdout, stderr } = await endOf(child);
      expect(code, `${file} ended with ${code}:\n${stdout}${stderr}`).toBe(0);
    },
    PAGE_LIMIT_MS,
  );
});

test.each(blocksIn("console"))(
  "what is typed at %s names only what there is",
  async (_at, text) => {
    const { files: named, scripts, units } = namedIn(text);
    const { scripts: known } = await Bun.file(join(root, "package.json")).json();
    expect(named.filter((file) => !existsSync(join(root, file)))).toEqual([]);
    expect(scripts.filter((script) => !(script in known))).toEqual([]);
    expect(units.filter((unit) => !existsSync(join(root, "systemd", unit)))).toEqual([]);
  },
);

test.each(blocksIn("toml"))("the file at %s is accepted as it stands", async (_at, text) => {
  const path = join(await mkdtemp(join(tmpdir(), "sample-")), "file.toml");
  writeFileSync(path, text);
  if (text.includes("[[party]]")) expect((await readSplit(path)).parties.length).toBeGreaterThan(0);
  else expect(loadConfig({ file: path, environment: {} }).warnings).toEqual([]);
});

/** Flags by verb, as `--help` lists them. */
async function knownFlags(verbs: ReadonlySet<string>) {
  const help = async (verb: string) => {
    const child = Bun.spawn([process.execPath, join(root, "agent/main.ts"), verb, "--help"], {
      stdout: "pipe",
      stderr: "ignore",
    });
    const text = await new Response(child.stdout).text();
    return [verb, new Set(text.match(/--[a-z-]+/g) ?? [])] as const;
  };
  return new Map(await Promise.all([...verbs].map(help)));
}

test(
  "every spareband command that a page or the program's texts name is one",
  async () => {
    const sources = [...new Bun.Glob("agent/{commands,status,health,core}/*.ts*").scanSync(root)];
    const texts = await Promise.all(
      [...files, ...sources].map(async (file) => [file, await Bun.file(join(root, file)).text()]),
    );
    const mentions = texts.flatMap(([file = "", text = ""]) =>
      mentionsOf(text).map((mention) => ({ file, ...mention })),
    );
    const known = await knownFlags(new Set(mentions.map(({ verb }) => verb)));
    const unknown = mentions.flatMap(({ file, verb, flags }) => {
      const its = known.get(verb);
      if (!its?.has("--help")) return [`${file}: ${verb}`];
      return flags.filter((flag) => !its.has(flag)).map((flag) => `${file}: ${verb} ${flag}`);
    });
    expect(unknown).toEqual([]);
    expect(mentions.length).toBeGreaterThan(30);
  },
  HELP_LIMIT_MS,
);

test.each(pages.map(({ file, text }) => [file, text] as const))(
  "links in %s lead somewhere",
  (file, text) => {
    const dead = localLinks(text).filter(
      (target) => !existsSync(join(root, dirname(file), target)),
    );
    expect(dead).toEqual([]);
  },
);
