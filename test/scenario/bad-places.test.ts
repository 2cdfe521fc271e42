/** Ports, folders and disks that cannot be used: a sentence, and nothing half done is left. */
import { afterAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { apart, LIMIT_MS, refused, startLoneCoordinator } from "./lone-coordinator.ts";
import { run, temporary } from "./run.ts";

const MAIN = join(import.meta.dir, "../../agent/main.ts");
const alone = await startLoneCoordinator();

const small = mountSmall();
afterAll(() => {
  if (small) spawnSync("umount", [small]);
});

/** A file system of 64 KiB without room; undefined where it may not be mounted. */
function mountSmall(): string | undefined {
  const folder = join(temporary(), "small");
  mkdirSync(folder);
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]);
  if (status !== 0) return undefined;
  spawnSync("sh", ["-c", `cat /dev/zero > ${folder}/full`]);
  return folder;
}

const listeners: readonly (readonly [string, string, RegExp])[] = [
  ["coordinator", "coordinator.listen", /listen/],
  ["coordinator", "coordinator.origin_listen", /Cannot serve peers/],
  ["coordinator", "coordinator.reflector_listen", /reflector cannot listen/],
  ["box", "box.listen", /Cannot serve peers/],
  ["box", "status.listen", /Cannot show the status page/],
  ["play meadow", "viewer.gateway_listen", /gateway cannot listen/],
];
test.each(listeners)(
  "%s: a taken port at %s ends the start with a sentence",
  async (verb, key, says) => {
    const busy = key === "coordinator.reflector_listen" ? alone.settings[key] : alone.address;
    const odd = alone.with({ ...apart(), [key]: busy ?? "" });
    refused(await run([...verb.split(" "), "--config", odd]).ended, 69, says);
  },
  LIMIT_MS,
);

async function pageOf(stateDirectory: string): Promise<string> {
  const odd = alone.with({ ...apart(), "box.state_dir": stateDirectory });
  const box = run(["box", "--config", odd]);
  const [, url = ""] = await box.line(/box runs .*page=(\S+)/);
  const answer = (await (await fetch(`${url}api/v1/health`)).json()) as {
    conditions: { code: string }[];
  };
  box.kill("SIGTERM");
  expect((await box.ended).status).toBe(0);
  return answer.conditions.map(({ code }) => code).join(" ");
}

test(
  "a box that cannot have its state directory shows its page, and why",
  async () => {
    expect(await pageOf(join(alone.file, "state"))).toContain("state-unwritable");
  },
  LIMIT_MS,
);

const full = (name: string) =>
  small ? name : `${name} (skipped: no tmpfs may be mounted alone.directory)`;
test.skipIf(!small)(
  full("a box on a full disk shows its page, and why"),
  async () => {
    expect(await pageOf(join(small ?? "", "state"))).toContain("state-unwritable");
  },
  LIMIT_MS,
);

test.skipIf(!small)(
  full("fetching to a full disk says so, and goes on elsewhere"),
  async () => {
    const to = (folder: string) => ["fetch", "meadow", "--to", folder, "--config", alone.config];
    refused(await run(to(join(small ?? "", "meadow"))).ended, 74, /ENOSPC.*make room/);
    expect((await run(to(join(alone.directory, "elsewhere"))).ended).status).toBe(0);
  },
  LIMIT_MS,
);

test.skipIf(!small)(
  full("an export to a full disk leaves no half file"),
  async () => {
    const name = join(small ?? "", "proof");
    const { ended } = run(["export", name, "--mine", "--config", alone.config]);
    refused(await ended, 74, /was not written \(ENOSPC\)/);
    expect([`${name}.cbor`, `${name}.cbor.part`].some((path) => existsSync(path))).toBe(false);
  },
  LIMIT_MS,
);

test.skipIf(!small)(
  full("a reset of what is mounted read-only says so"),
  async () => {
    const folder = join(temporary(), "read-only");
    mkdirSync(folder);
    spawnSync("mount", ["-t", "tmpfs", "tmpfs", folder]);
    try {
      const settings = { ...apart(), "box.state_dir": folder };
      expect((await run(["enrol", "--yes", "--config", alone.with(settings)]).ended).status).toBe(
        0,
      );
      spawnSync("mount", ["-o", "remount,ro", folder]);
      for (const verb of ["reset", "enrol"])
        refused(
          await run([verb, "--yes", "--config", alone.with(settings)]).ended,
          74,
          /\(EROFS.*\): make (it|the directory) writable/,
        );
    } finally {
      spawnSync("umount", [folder]);
    }
  },
  LIMIT_MS,
);

test(
  "a coordinator's state below a file ends the start with a sentence",
  async () => {
    const odd = alone.with({ "coordinator.state_dir": join(alone.file, "x") });
    refused(
      await run(["coordinator", "--config", odd]).ended,
      77,
      /cannot use the coordinator's state directory/,
    );
  },
  LIMIT_MS,
);

test(
  "an answer that goes to a full disk ends with a sentence, one that nobody reads to its end with none",
  async () => {
    const doctor = (output: string) =>
      Bun.spawn(["sh", "-c", `"$0" "$1" doctor --self-test ${output}`, process.execPath, MAIN], {
        env: { PATH: process.env.PATH ?? "", HOME: temporary() },
        stdout: "pipe",
        stderr: "pipe",
      });
    const full = doctor("> /dev/full");
    expect(await new Response(full.stderr).text()).toBe(
      "spareband: the answer could not be written (ENOSPC): make room\n",
    );
    expect(await full.exited).toBe(74);
    const cut = doctor("| head -n 1");
    expect(await new Response(cut.stderr).text()).toBe("");
    expect(await new Response(cut.stdout).text()).toContain("version");
  },
  LIMIT_MS,
);

test(
  "a temporary folder that is not there ends dev with a sentence",
  async () => {
    const environment = { TMPDIR: join(alone.directory, "none") };
    refused(await run(["dev", "--once"], { environment }).ended, 74, /set TMPDIR to one that can/);
  },
  LIMIT_MS,
);

test(
  "what an export says to type can be typed, whatever its folder is called",
  async () => {
    const name = join(temporary(), "it's ünï 日本");
    const exported = await run(["export", name, "--mine", "--config", alone.config]).ended;
    const typed = /spareband verify (.*) --coordinator-key/.exec(exported.stdout)?.[1] ?? "";
    const listed = Bun.spawnSync(["sh", "-c", `ls ${typed}`]);
    expect(listed.stdout.toString().trim()).toBe(`${name}.cbor`);
  },
  LIMIT_MS,
);
