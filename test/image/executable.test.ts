import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { version } from "../../package.json";
import {
  type BuildTarget,
  bareEnvironment,
  buildExecutables,
  isRoot,
  must,
  repository,
  run,
  runnerOf,
  skipNote,
} from "./executable.ts";

const targets: readonly BuildTarget[] = ["linux-x64", "linux-arm64"];
const allTargets: readonly BuildTarget[] = [...targets, "linux-arm64-musl"];
const addonOf = {
  "linux-x64": "linux-x64",
  "linux-arm64": "linux-arm64",
  "linux-arm64-musl": "linuxmusl-arm64",
} as const;
const BUILD_LIMIT_MS = 240_000;
const EMULATED_LIMIT_MS = 60_000;
const wanted = `${version}+c0ffee1`;
let dist = "";

beforeAll(async () => {
  dist = await buildExecutables(allTargets, repository, { SPAREBAND_COMMIT: "c0ffee1" });
}, BUILD_LIMIT_MS);
afterAll(() => rm(dist, { recursive: true, force: true }));

const command = (target: BuildTarget, ...args: string[]) => [
  ...(runnerOf(target) ?? []),
  join(dist, `spareband-${target}`),
  ...args,
];

const selfTest = ["doctor", "--self-test", "--json"];

/** What the doctor found, by name. */
async function findings(argv: readonly string[], options: Parameters<typeof run>[1] = {}) {
  const bundle = JSON.parse(await must(argv, options)) as {
    findings: { name: string; outcome: string }[];
    settings: Record<string, unknown>;
  };
  const outcomes = bundle.findings.map(({ name, outcome }) => [name, outcome] as const);
  return { ...Object.fromEntries(outcomes), settings: bundle.settings };
}

describe.each([...targets])("%s", (target) => {
  const runs = test.skipIf(runnerOf(target) === undefined);
  const note = skipNote(target);

  runs(`says its version and commit${note}`, async () => {
    const stdout = await must(command(target, "--version"), { cwd: "/" });
    expect(stdout.trim()).toBe(wanted);
  });

  runs(
    `its doctor finds SQLite, both ed25519 and the C library working${note}`,
    async () => {
      const found = await findings(command(target, "doctor", "--json"), { cwd: "/" });
      expect(found).toMatchObject({ sqlite: "good", ed25519: "good", "C library": "good" });
    },
    EMULATED_LIMIT_MS,
  );

  runs(
    `reads neither .env nor bunfig.toml of the directory it is started in${note}`,
    async () => {
      const trap = await mkdtemp(join(tmpdir(), "trap-"));
      await writeFile(join(trap, ".env"), "SPAREBAND_FLEET=hijacked\n");
      await writeFile(join(trap, "bunfig.toml"), 'preload = ["./hijack.ts"]\n');
      await writeFile(join(trap, "hijack.ts"), "process.exit(99);\n");
      const found = await findings(command(target, ...selfTest), { cwd: trap });
      expect(found.settings).not.toHaveProperty("fleet");
    },
    EMULATED_LIMIT_MS,
  );

  runs(
    `starts when TMPDIR does not exist, and leaves nothing there when it does${note}`,
    async () => {
      const argv = command(target, ...selfTest);
      const missing = await findings(argv, { env: { TMPDIR: "/nonexistent" } });
      expect(missing).toMatchObject({ sqlite: "good" });
      const empty = await mkdtemp(join(tmpdir(), "empty-"));
      await findings(argv, { env: { TMPDIR: empty } });
      expect(await Array.fromAsync(new Bun.Glob("**/*").scan({ cwd: empty, dot: true }))).toEqual(
        [],
      );
    },
    EMULATED_LIMIT_MS,
  );

  test.skipIf(runnerOf(target) === undefined || !isRoot).each(["ro", "noexec", "size=4k"])(
    `starts when TMPDIR is mounted %s${isRoot ? note : " (needs root to mount)"}`,
    async (option) => {
      const mounted = await mkdtemp(join(tmpdir(), "mounted-"));
      const argv = command(target, ...selfTest);
      const script = `mount -t tmpfs -o ${option} none "$0" && { head -c 9999 /dev/zero > "$0/full" 2>/dev/null; exec "$@"; }`;
      const found = await findings(["unshare", "--mount", "sh", "-c", script, mounted, ...argv], {
        env: { TMPDIR: mounted },
      });
      expect(found).toMatchObject({ sqlite: "good" });
    },
    EMULATED_LIMIT_MS,
  );
});

describe("the environment", () => {
  const unit = readFileSync(join(repository, "systemd/spareband-box.service"), "utf8");
  const unset = /^UnsetEnvironment=(.+)$/m.exec(unit)?.[1]?.split(" ") ?? [];
  const native: BuildTarget = process.arch === "arm64" ? "linux-arm64" : "linux-x64";

  test.each([
    ["BUN_BE_BUN", () => "1"],
    ["BUN_OPTIONS", (hijack: string) => `--preload=${hijack}`],
  ])("%s would hijack the executable, so the unit unsets it", async (name, value) => {
    const hijack = join(await mkdtemp(join(tmpdir(), "hijack-")), "hijack.ts");
    await writeFile(hijack, 'console.log("hijacked");\n');
    const env = { [name]: value(hijack) };
    const argv = command(native, "--version");
    expect((await run(argv, { env })).stdout).not.toBe(`${wanted}\n`);
    expect(unset).toContain(name);
    const kept = Object.entries({ ...bareEnvironment(), ...env }).filter(
      ([each]) => !unset.includes(each),
    );
    expect((await run(argv, { env: Object.fromEntries(kept) })).stdout).toBe(`${wanted}\n`);
  });
});

/** Machine and interpreter of an ELF file (elf(5)): what the kernel needs to start it. */
const wantedElf = {
  "linux-x64": { machine: 62, interpreter: "/lib64/ld-linux-x86-64.so.2" },
  "linux-arm64": { machine: 183, interpreter: "/lib/ld-linux-aarch64.so.1" },
  "linux-arm64-musl": { machine: 183, interpreter: "/lib/ld-musl-aarch64.so.1" },
} as const;

test.each([...allTargets])(
  "%s is for its processor and C library, with its own addon",
  async (target) => {
    const file = Bun.file(join(dist, `spareband-${target}`));
    const head = Buffer.from(await file.slice(0, 4096).arrayBuffer());
    const { machine, interpreter } = wantedElf[target];
    expect(head.readUInt16LE(18)).toBe(machine);
    expect(head.includes(`${interpreter}\0`)).toBe(true);
    const addon = readFileSync(
      join(repository, `node_modules/better-sqlite3/prebuilds/${addonOf[target]}.node`),
    );
    expect(readFileSync(join(dist, `spareband-${target}`)).includes(addon)).toBe(true);
  },
);

test(
  "two builds in two directories give the same bytes",
  async () => {
    const elsewhere = join(await mkdtemp(join(tmpdir(), "elsewhere-")), "another-name");
    await mkdir(elsewhere);
    for (const part of [
      "agent",
      "hardware",
      "build.sh",
      "package.json",
      "bun.lock",
      "tsconfig.json",
      "bunfig.toml",
    ]) {
      await cp(join(repository, part), join(elsewhere, part), { recursive: true });
    }
    await must(["cp", "-a", join(repository, "node_modules"), elsewhere]);
    const second = await buildExecutables(allTargets, elsewhere, { SPAREBAND_COMMIT: "c0ffee1" });
    const sums = async (directory: string) =>
      must(["sha256sum", ...allTargets.map((target) => `spareband-${target}`)], { cwd: directory });
    expect(await sums(second)).toBe(await sums(dist));
  },
  BUILD_LIMIT_MS,
);
