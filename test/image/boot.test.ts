import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { version } from "../../package.json";
import { buildExecutables, isRoot, must, run } from "./executable.ts";

const BOOT_LIMIT_MS = 300_000;
const architecture = process.arch === "arm64" ? "arm64" : "amd64";
const INIT = "/lib/systemd/systemd";
const CGROUPS = "/sys/fs/cgroup";

/** Control groups of the trial's own, one a hierarchy, so that its systemd sees nobody else's. */
const trialGroups = () =>
  (existsSync(join(CGROUPS, "cgroup.procs"))
    ? [CGROUPS]
    : readdirSync(CGROUPS).map((name) => join(CGROUPS, name))
  )
    // A new cpuset takes no process before it is given processors; systemd 252 does not use it.
    .filter((hierarchy) => !hierarchy.endsWith("/cpuset"))
    .map((hierarchy) => join(hierarchy, `spareband-trial-${process.pid}`));

const OVERLAY_PROBE = `d=$(mktemp -d); mount -t tmpfs none $d; mkdir $d/u $d/w $d/r
  mount -t overlay overlay -o lowerdir=/,upperdir=$d/u,workdir=$d/w $d/r`;
const boots =
  isRoot &&
  existsSync(INIT) &&
  existsSync(join(CGROUPS, existsSync(join(CGROUPS, "cgroup.procs")) ? "." : "systemd")) &&
  Bun.which("dpkg-deb") !== null &&
  (
    await run([
      "unshare",
      "--mount",
      "--pid",
      "--net",
      "--cgroup",
      "--fork",
      "sh",
      "-euc",
      OVERLAY_PROBE,
    ])
  ).code === 0;
const note = boots ? "" : " (needs root, systemd, dpkg, overlayfs and control groups)";
const trial = test.skipIf(!boots);

let dist = "";
let machine: Bun.Subprocess | undefined;
let init = 0;

/** Runs a shell command on the trial machine; its output, whatever its exit code. */
async function on(command: string): Promise<string> {
  const namespaces = ["-m", "-p", "-u", "-i", "-n", "-C"];
  const { stdout, stderr } = await run([
    "nsenter",
    `--target=${init}`,
    ...namespaces,
    `--root=/proc/${init}/root`,
    "sh",
    "-c",
    command,
  ]);
  return (stdout + stderr).trim();
}

/** Whether another process than `before` is ready; asked at once, so that no answer is of another moment. */
async function isBack(before: string): Promise<boolean> {
  const answer = await on("systemctl show --property=ActiveState,MainPID spareband-box");
  const pid = /^MainPID=(\d+)$/m.exec(answer)?.[1];
  return /^ActiveState=active$/m.test(answer) && pid !== "0" && pid !== before;
}

const property = (name: string) => on(`systemctl show --property=${name} --value spareband-box`);

async function until(wanted: () => Promise<boolean>, what: string, seconds = 60): Promise<void> {
  for (let turn = 0; turn < seconds * 5; turn++) {
    if (await wanted()) return;
    await Bun.sleep(200);
  }
  throw new Error(
    `${what} did not happen within ${seconds} s:\n${await on("systemctl status spareband-box; journalctl -u spareband-box | tail -n 40")}`,
  );
}

/** The first process in the trial's PID namespace: the only child of the `unshare` that was started. */
async function processOne(parent: number): Promise<number> {
  const children = await readFile(`/proc/${parent}/task/${parent}/children`, "utf8");
  return Number(children.trim().split(" ")[0] || 0);
}

beforeAll(async () => {
  if (!boots) return;
  const target = architecture === "arm64" ? "linux-arm64" : "linux-x64";
  dist = await buildExecutables([target]);
  const env = {
    SPAREBAND_VERSION: version,
    SOURCE_DATE_EPOCH: "1767225600",
    SPAREBAND_XZ_LEVEL: "none",
  };
  const deb = join(dist, "spareband.deb");
  await must(
    ["sh", "systemd/debian/package.sh", join(dist, `spareband-${target}`), architecture, deb],
    { env },
  );
  const scratch = await mkdtemp(join(tmpdir(), "boot-"));
  for (const group of trialGroups()) await mkdir(group);
  const enter = trialGroups()
    .map((group) => `echo $$ > ${group}/cgroup.procs`)
    .join(" && ");
  machine = Bun.spawn(
    [
      "sh",
      "-c",
      `${enter} && exec unshare --pid --mount --uts --ipc --net --cgroup --fork --kill-child sh "$0" "$1" "$2"`,
      join(import.meta.dir, "boot-systemd.sh"),
      scratch,
      deb,
    ],
    {
      stdin: "ignore",
      stdout: Bun.file(join(dist, "boot.log")),
      stderr: Bun.file(join(dist, "boot.err")),
    },
  );
  const parent = machine.pid;
  await until(async () => {
    if (machine?.exitCode !== null) throw new Error(await Bun.file(join(dist, "boot.err")).text());
    init = await processOne(parent);
    return init > 0 && (await readFile(`/proc/${init}/comm`, "utf8")) === "systemd\n";
  }, "systemd");
  await until(async () => (await property("ActiveState")) === "active", "the box's start");
}, BOOT_LIMIT_MS);

afterAll(async () => {
  machine?.kill("SIGKILL");
  await machine?.exited;
  if (boots) for (const group of trialGroups()) await removeGroup(group);
  await rm(dist, { recursive: true, force: true });
});

/** Groups are removed from the inside out; processes in them may take a moment to be gone. */
async function removeGroup(group: string): Promise<void> {
  if (!existsSync(group)) return;
  const inner = (await readdir(group, { withFileTypes: true })).filter((entry) =>
    entry.isDirectory(),
  );
  for (const { name } of inner) await removeGroup(join(group, name));
  for (let turn = 0; turn < 50; turn++) {
    try {
      await rmdir(group);
      return;
    } catch {
      await Bun.sleep(100);
    }
  }
}

describe("the box's unit under a real systemd, with all of its sandbox", () => {
  trial(`is ready, and says what it is doing${note}`, async () => {
    expect(await property("StatusText")).not.toBe("");
    expect(await property("NRestarts")).toBe("0");
  });

  trial(`runs as its own user with CAP_NET_ADMIN alone, and cannot gain more${note}`, async () => {
    const pid = await property("MainPID");
    const status = await on(`cat /proc/${pid}/status`);
    expect(status).toMatch(/^CapEff:\s+0000000000001000$/m);
    expect(status).toMatch(/^CapBnd:\s+0000000000001000$/m);
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(status).toMatch(/^Seccomp:\s+2$/m);
    expect(await on(`stat -c %U /proc/${pid}`)).toBe("spareband");
  });

  trial(`keeps within its memory and tasks while idle${note}`, async () => {
    const pid = await property("MainPID");
    const rss = Number(/^VmRSS:\s+(\d+) kB$/m.exec(await on(`cat /proc/${pid}/status`))?.[1]);
    expect(rss).toBeGreaterThan(0);
    expect(rss).toBeLessThan(192 * 1024);
    expect(await on("systemctl show --property=MemoryMax --value spareband-box")).toBe(
      String(256 * 1024 * 1024),
    );
  });

  trial(
    `its boot check lets the boot count as complete${note}`,
    async () => {
      await until(
        async () => (await on("systemctl is-active boot-complete.target")) === "active",
        "boot-complete.target",
      );
      expect(await on("systemctl is-system-running")).toBe("running");
      expect(await on("systemctl show --property=Result --value spareband-boot-check")).toBe(
        "success",
      );
    },
    BOOT_LIMIT_MS,
  );

  trial(
    `killed without warning, it is back by itself${note}`,
    async () => {
      const before = await property("MainPID");
      await on("systemctl kill --signal=SIGKILL spareband-box");
      await until(() => isBack(before), "the restart");
    },
    BOOT_LIMIT_MS,
  );

  trial(
    `asked to stop, it is gone before systemd loses patience, and without a fault${note}`,
    async () => {
      await on("systemctl stop spareband-box");
      expect(await property("Result")).toBe("success");
      expect(await property("ExecMainStatus")).toBe("0");
    },
    BOOT_LIMIT_MS,
  );

  trial(
    `stuck, it is restarted by the watchdog${note}`,
    async () => {
      await on("systemctl start spareband-box");
      const before = await property("MainPID");
      await on(`kill -STOP ${before}`);
      // How long it waits is in the unit, which test/image/systemd.test.ts adds up.
      await until(() => isBack(before), "the watchdog's restart", 240);
      expect(await on("journalctl --unit=spareband-box")).toContain("Watchdog timeout");
    },
    BOOT_LIMIT_MS,
  );
});
