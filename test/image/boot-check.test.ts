import { expect, test } from "bun:test";
import { chmod, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repository, run } from "./executable.ts";

interface Machine {
  readonly executable: "works" | "broken";
  readonly enabled: boolean;
  /** Answers of `systemctl is-active`, first and second. */
  readonly active: readonly [boolean, boolean];
  readonly restarted?: boolean;
}

/** Runs the boot check on a machine that a systemctl and a spareband of the test's own play. */
async function bootCheck(machine: Machine) {
  const bin = await mkdtemp(join(tmpdir(), "bin-"));
  const script = async (name: string, text: string) => {
    await writeFile(join(bin, name), `#!/bin/sh\n${text}\n`);
    await chmod(join(bin, name), 0o755);
  };
  await script(
    "spareband",
    machine.executable === "works" ? '[ "$*" = "doctor --self-test --strict" ]' : "exit 127",
  );
  await script("sleep", `touch "${bin}/slept"`);
  await script(
    "systemctl",
    `
later=no; [ -e "${bin}/slept" ] && later=yes
case "$*" in
  is-enabled*) echo ${machine.enabled ? "enabled" : "disabled"} ;;
  is-active*) [ "$later" = yes ] && exit ${machine.active[1] ? 0 : 3}; exit ${machine.active[0] ? 0 : 3} ;;
  *ExecMainStart*) [ "$later" = yes ] && echo ${machine.restarted ? 222 : 111} || echo 111 ;;
  *ActiveState*) echo failed ;;
  *StatusText*) echo "sharing nothing: consent is not given" ;;
esac`,
  );
  const { code, stdout, stderr } = await run(["sh", join(repository, "systemd/boot-check")], {
    env: { PATH: `${bin}:${process.env.PATH}` },
  });
  return { good: code === 0, said: (stdout + stderr).trim() };
}

const healthy: Machine = { executable: "works", enabled: true, active: [true, true] };

test("a box that is up and stays up makes the boot good", async () => {
  expect(await bootCheck(healthy)).toEqual({
    good: true,
    said: "boot check: spareband-box.service is up: sharing nothing: consent is not given",
  });
});

test("an image where the box is switched off is not held back by it", async () => {
  expect((await bootCheck({ ...healthy, enabled: false, active: [false, false] })).good).toBe(true);
});

test.each([
  [
    "an executable that does not run",
    { ...healthy, executable: "broken" },
    "does not run on this image",
  ],
  [
    "a box that did not start",
    { ...healthy, active: [false, false] },
    "is failed: sharing nothing",
  ],
  ["a box that stopped soon", { ...healthy, active: [true, false] }, "stopped within 20 s"],
  ["a box that was restarted", { ...healthy, restarted: true }, "was restarted within 20 s"],
] as const)("%s makes the boot bad", async (_, machine, reason) => {
  const { good, said } = await bootCheck(machine);
  expect(good).toBe(false);
  expect(said).toContain(reason);
});
