import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { must, repository, run } from "./executable.ts";

const systemd = join(repository, "systemd");
const units = ["spareband-box", "spareband-coordinator", "spareband-boot-check"];
const analyzer = Bun.which("systemd-analyze");
const analyzes = test.skipIf(analyzer === null);
const note = analyzer === null ? " (needs systemd-analyze)" : "";

/** An image with the units and stand-ins for what they start, so that only the units are judged. */
let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "image-"));
  const destination = join(root, "usr/lib/systemd/system");
  await mkdir(destination, { recursive: true });
  for (const unit of units) {
    await cp(join(systemd, `${unit}.service`), join(destination, `${unit}.service`));
  }
  for (const program of ["usr/bin/spareband", "usr/lib/spareband/boot-check"]) {
    const path = join(root, program);
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, "#!/bin/sh\n");
    await chmod(path, 0o755);
  }
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Values of a key in a unit, in order. */
async function valuesOf(unit: string, key: string): Promise<string[]> {
  const text = await readFile(join(systemd, `${unit}.service`), "utf8");
  return [...text.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].map((match) => match[1] ?? "");
}

async function complaints(file: string): Promise<string[]> {
  const { stdout, stderr } = await run([
    "systemd-analyze",
    "verify",
    "--man=no",
    "--recursive-errors=no",
    `--root=${root}`,
    file,
  ]);
  return (stdout + stderr).split("\n").filter((line) => line.includes("spareband"));
}

analyzes(`a mistake in a unit would be seen${note}`, async () => {
  const file = join(root, "usr/lib/systemd/system/spareband-mistake.service");
  await writeFile(file, "[Service]\nExecStart=/usr/bin/spareband box\nWatchdgoSec=45\n");
  expect((await complaints("spareband-mistake.service")).join()).toContain("WatchdgoSec");
});

describe.each(units)("%s.service", (unit) => {
  analyzes(`is accepted without a complaint${note}`, async () => {
    expect(await complaints(`${unit}.service`)).toEqual([]);
  });
});

analyzes.each([
  ["spareband-box", 2],
  ["spareband-coordinator", 2],
] as const)(`%s is exposed by less than %d of 10${note}`, async (unit, limit) => {
  const stdout = await must([
    "systemd-analyze",
    "security",
    "--offline=true",
    `--threshold=${limit * 10}`,
    join(systemd, `${unit}.service`),
  ]);
  expect(stdout).toContain("Overall exposure level");
});

test("the box holds CAP_NET_ADMIN alone, the coordinator nothing", async () => {
  expect(await valuesOf("spareband-box", "CapabilityBoundingSet")).toEqual(["CAP_NET_ADMIN"]);
  expect(await valuesOf("spareband-box", "AmbientCapabilities")).toEqual(["CAP_NET_ADMIN"]);
  expect(await valuesOf("spareband-coordinator", "CapabilityBoundingSet")).toEqual([""]);
  expect(await valuesOf("spareband-coordinator", "AmbientCapabilities")).toEqual([]);
});

test("a stuck daemon is restarted within a minute, and Bun keeps its JIT", async () => {
  for (const unit of ["spareband-box", "spareband-coordinator"]) {
    expect(await valuesOf(unit, "Type")).toEqual(["notify"]);
    const [watchdog, restart] = [
      await valuesOf(unit, "WatchdogSec"),
      await valuesOf(unit, "RestartSec"),
    ];
    expect(Number(watchdog[0]) + Number(restart[0])).toBeLessThanOrEqual(60);
    expect(await valuesOf(unit, "MemoryDenyWriteExecute")).toEqual([]);
  }
});

test("users, directories and presets name what the units use", async () => {
  const sysusers = await readFile(join(systemd, "spareband.sysusers"), "utf8");
  const tmpfiles = await readFile(join(systemd, "spareband.tmpfiles"), "utf8");
  const preset = await readFile(join(systemd, "60-spareband.preset"), "utf8");
  for (const unit of ["spareband-box", "spareband-coordinator"]) {
    const [user] = await valuesOf(unit, "User");
    const [state] = await valuesOf(unit, "StateDirectory");
    expect(sysusers).toMatch(new RegExp(`^u ${user} +- ".+" +/var/lib/${state}$`, "m"));
    expect(tmpfiles).toMatch(new RegExp(`^d /var/lib/${state} +0700 ${user} +${user} +-$`, "m"));
  }
  for (const unit of units) expect(preset).toContain(`${unit}.service`);
});

const installsUsers = test.skipIf(Bun.which("systemd-sysusers") === null);
installsUsers(
  `the users are made in an empty image${Bun.which("systemd-sysusers") ? "" : " (needs systemd-sysusers)"}`,
  async () => {
    const image = await mkdtemp(join(tmpdir(), "users-"));
    await mkdir(join(image, "etc"));
    await must([
      "systemd-sysusers",
      `--root=${image}`,
      "--replace=/usr/lib/sysusers.d/spareband.conf",
      join(systemd, "spareband.sysusers"),
    ]);
    const passwd = await readFile(join(image, "etc/passwd"), "utf8");
    expect(passwd).toMatch(/^spareband:x:\d+:\d+:Spareband box:\/var\/lib\/spareband:.*nologin$/m);
    expect(passwd).toMatch(/^spareband-coordinator:x:/m);
    expect(await readdir(image)).toEqual(["etc"]);
  },
);
