/** What people and machines get wrong: one clear sentence, the right exit code, and nothing lost. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../faults/mosquitto.ts";
import { configFile } from "./deployment.ts";
import { type Ended, type Running, run, temporary } from "./run.ts";

const title = join(import.meta.dir, "../fixtures/titles/meadow");
const LIMIT_MS = 120_000;
const OTHER_KEY = "a".repeat(64);
const NOBODY = "http://127.0.0.1:1";
const here = temporary();
const file = join(here, "a-file");
writeFileSync(file, "not a folder\n");
const small = mountSmall();

let coordinator: Running;
let config: string;
let settings: Readonly<Record<string, string>>;
let taken: string;

beforeAll(async () => {
  const at = async () => `127.0.0.1:${await freePort()}`;
  settings = {
    environment: "dev",
    "mqtt.url": "mqtt://127.0.0.1:1",
    "coordinator.listen": await at(),
    "coordinator.origin_listen": await at(),
    "coordinator.reflector_listen": await at(),
    "coordinator.state_dir": join(here, "coordinator"),
    "viewer.key_dir": join(here, "keys"),
  };
  taken = settings["coordinator.listen"] ?? "";
  settings = { ...settings, "coordinator.url": `http://${taken}` };
  config = configFile(join(here, "settings"), settings);
  coordinator = run(["coordinator", "--config", config]);
  await coordinator.line(/coordinator runs/);
  const published = await run(["publish", title, "--config", config]).ended;
  expect(published.status).toBe(0);
}, LIMIT_MS);

afterAll(async () => {
  coordinator.kill("SIGTERM");
  await coordinator.ended;
  if (small) spawnSync("umount", [small]);
}, LIMIT_MS);

/** A file system of 64 KiB without room; undefined where it may not be mounted. */
function mountSmall(): string | undefined {
  const folder = join(here, "small");
  mkdirSync(folder);
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]);
  if (status !== 0) return undefined;
  spawnSync("sh", ["-c", `cat /dev/zero > ${folder}/full`]);
  return folder;
}

/** One sentence for people, with the exit code of its kind, and never a trace. */
function refused({ status, stderr }: Ended, code: number, sentence: RegExp): void {
  expect(stderr).toMatch(sentence);
  expect(stderr).not.toMatch(/^\s+at .*:\d+:\d+|fault of Spareband itself/m);
  expect(status).toBe(code);
}

const withSettings = (changed: Readonly<Record<string, string>>) =>
  configFile(temporary(), { ...settings, ...changed });

/** Ports and folders of its own, beside those of the coordinator that runs. */
const apart = () => ({
  "coordinator.state_dir": temporary(),
  "coordinator.listen": "127.0.0.1:0",
  "coordinator.origin_listen": "127.0.0.1:0",
  "coordinator.reflector_listen": "127.0.0.1:0",
  "viewer.gateway_listen": "127.0.0.1:0",
  "box.state_dir": temporary(),
  "box.hardware": "simulated",
  "box.listen": "127.0.0.1:0",
  "status.listen": "127.0.0.1:0",
});

interface Wrong {
  readonly what: string;
  readonly args: () => readonly string[];
  readonly code: number;
  readonly says: RegExp;
}
const wrong = (what: string, args: () => readonly string[], code: number, says: RegExp): Wrong => ({
  what,
  args,
  code,
  says,
});
const fetching = (...args: string[]) => ["fetch", "meadow", "--discard", ...args];
const toml = (text: string) => {
  const path = join(temporary(), "spareband.toml");
  writeFileSync(path, text);
  return path;
};

const cases: readonly Wrong[] = [
  wrong(
    "no configuration file",
    () => fetching("--config", "/nowhere.toml"),
    78,
    /cannot read .*\/nowhere\.toml/,
  ),
  wrong("broken TOML", () => fetching("--config", toml("a =\n")), 78, /line 1: not valid TOML/),
  wrong(
    "a bad value",
    () => fetching("--config", toml('log.level = "loud"\n')),
    78,
    /"log\.level" is "loud", but must be one of/,
  ),
  wrong(
    "an address that is none",
    () => fetching("--coordinator", "nonsense"),
    78,
    /"coordinator\.url" is "nonsense"/,
  ),
  wrong(
    "no coordinator",
    () => fetching("--config", withSettings({ "coordinator.url": "" })),
    78,
    /coordinator\.url is not set/,
  ),
  wrong(
    "the coordinator away",
    () => fetching("--config", config, "--coordinator", NOBODY),
    69,
    /does not answer/,
  ),
  wrong(
    "publishing, the coordinator away",
    () => ["publish", title, "--config", config, "--coordinator", NOBODY],
    69,
    /does not answer/,
  ),
  wrong(
    "another coordinator than expected",
    () => fetching("--config", withSettings({ "coordinator.public_key": OTHER_KEY })),
    77,
    /has the key [0-9a-f]{64}, expected is a{64}/,
  ),
  wrong(
    "prod without a pinned key",
    () => fetching("--config", withSettings({ environment: "prod" })),
    78,
    /in prod a coordinator is never trusted by its address/,
  ),
  wrong(
    "a device of prod at a coordinator of dev",
    () =>
      fetching(
        "--config",
        withSettings({ environment: "prod", "coordinator.public_key": OTHER_KEY }),
      ),
    78,
    /is for dev, this device is set up for prod/,
  ),
  wrong(
    "an unknown title",
    () => ["fetch", "nothing", "--config", config],
    66,
    /knows no title "nothing"/,
  ),
  wrong(
    "playing an unknown title",
    () => ["play", "nothing", "--config", config],
    66,
    /knows no title "nothing"/,
  ),
  wrong(
    "a folder that is a file",
    () => ["fetch", "meadow", "--to", file, "--config", config],
    74,
    /Cannot write .*a-file/,
  ),
  wrong(
    "a title folder that is not there",
    () => ["publish", "/nowhere", "--config", config],
    66,
    /Cannot read the folder \/nowhere/,
  ),
  wrong(
    "a title that is a file",
    () => ["publish", file, "--config", config],
    66,
    /is a file: name the folder/,
  ),
  wrong(
    "a title without files",
    () => ["publish", temporary(), "--config", config],
    66,
    /has no files/,
  ),
  wrong(
    "a split file that is not there",
    () => ["sign-split", "/nowhere", "--config", config],
    66,
    /Cannot read the split file/,
  ),
  wrong(
    "a split file that is none",
    () => ["sign-split", file, "--config", config],
    78,
    /split file .* cannot be used/,
  ),
  wrong(
    "no box here",
    () => ["status", "--config", withSettings({ "box.state_dir": temporary() })],
    69,
    /the box has not run here yet/,
  ),
  wrong(
    "nobody's wallet",
    () => ["wallet", "--mine", "--config", withSettings({ "viewer.key_dir": temporary() })],
    66,
    /key/,
  ),
  wrong(
    "an export to nowhere",
    () => [
      "export",
      "/nowhere/x",
      "--mine",
      "--config",
      withSettings({ "viewer.key_dir": join(here, "keys") }),
    ],
    74,
    /the export to \/nowhere\/x\.cbor was not written/,
  ),
  wrong(
    "nothing to verify",
    () => ["verify", "/nowhere", "--coordinator-key", OTHER_KEY],
    66,
    /cannot read \/nowhere/,
  ),
  wrong(
    "a file that is no export",
    () => ["verify", file, "--coordinator-key", OTHER_KEY],
    1,
    /does not verify/,
  ),
  wrong(
    "a key that is none",
    () => ["verify", file, "--coordinator-key", "zz"],
    64,
    /but must be 64 lower-case/,
  ),
  wrong("an unknown verb", () => ["bogus"], 64, /unknown command 'bogus'/),
  wrong("no verb", () => [], 64, /Usage: spareband/),
  wrong("too many boxes", () => fetching("--boxes", "99"), 64, /--boxes is "99"/),
  wrong(
    "repeating into a folder",
    () => ["fetch", "meadow", "--repeat", "3"],
    64,
    /--repeat needs --discard/,
  ),
  wrong("a limit of records", () => ["records", "--limit", "0"], 64, /--limit is "0"/),
  wrong(
    "a development title without files",
    () => ["dev", "--once", "--title", temporary()],
    66,
    /has no files/,
  ),
  wrong(
    "a development state that is a file",
    () => ["dev", "--state", file],
    74,
    /name an empty folder by --state/,
  ),
  wrong("a log level that is none", () => ["dev", "--log", "loud"], 64, /Allowed choices/),
  wrong(
    "a box without an operator",
    () => ["box", "--config", withSettings({ "mqtt.url": "" })],
    78,
    /mqtt\.url is not set/,
  ),
  wrong(
    "a password file that is not there",
    () => [
      "coordinator",
      "--config",
      withSettings({ ...apart(), "mqtt.password_file": "/nowhere" }),
    ],
    78,
    /cannot read \/nowhere/,
  ),
  wrong(
    "a coordinator's state below a file",
    () => ["coordinator", "--config", withSettings({ "coordinator.state_dir": join(file, "x") })],
    77,
    /cannot use the coordinator's state directory/,
  ),
];

test.each(cases.map((each) => [each.what, each] as const))(
  "%s",
  async (_what, { args, code, says }) => {
    refused(await run(args(), { directory: here }).ended, code, says);
  },
  LIMIT_MS,
);

const required: Readonly<Record<string, readonly string[]>> = {
  verify: ["--coordinator-key", OTHER_KEY],
};
const verbs = ["box", "coordinator", "dev", "publish", "sign-split", "fetch", "play", "status"];
const more = ["pause", "resume", "limits", "consent", "wallet", "records", "export", "verify"];
test.each([...verbs, ...more, "doctor", "enrol", "reset"])(
  "%s: an unknown flag is refused, and --help says what there is",
  async (verb) => {
    const [bad, help] = await Promise.all([
      run([verb, ...(required[verb] ?? []), "--no-such-flag"]).ended,
      run([verb, "--help"]).ended,
    ]);
    refused(bad, 64, /unknown option '--no-such-flag'/);
    expect(help.status).toBe(0);
    expect(help.stdout).toMatch(new RegExp(`^Usage: spareband ${verb} `));
    expect(help.stdout).toContain("--config <file>");
  },
  LIMIT_MS,
);

test(
  "an unknown key in the configuration is a warning, and the verb goes on",
  async () => {
    const odd = withSettings({ "box.sate_dir": "/tmp" });
    const { status, stderr } = await run(fetching("--config", odd)).ended;
    expect(stderr).toContain('unknown key \\"box.sate_dir\\" is ignored');
    expect(status).toBe(0);
  },
  LIMIT_MS,
);

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
    const busy = key === "coordinator.reflector_listen" ? settings[key] : taken;
    const odd = withSettings({ ...apart(), [key]: busy ?? "" });
    refused(await run([...verb.split(" "), "--config", odd]).ended, 69, says);
  },
  LIMIT_MS,
);

async function pageOf(stateDirectory: string): Promise<string> {
  const odd = withSettings({ ...apart(), "box.state_dir": stateDirectory });
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
    expect(await pageOf(join(file, "state"))).toContain("state-unwritable");
  },
  LIMIT_MS,
);

const full = (name: string) => (small ? name : `${name} (skipped: no tmpfs may be mounted here)`);
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
    const to = (folder: string) => ["fetch", "meadow", "--to", folder, "--config", config];
    refused(await run(to(join(small ?? "", "meadow"))).ended, 74, /ENOSPC.*make room/);
    expect((await run(to(join(here, "elsewhere"))).ended).status).toBe(0);
  },
  LIMIT_MS,
);

test.skipIf(!small)(
  full("an export to a full disk leaves no half file"),
  async () => {
    const name = join(small ?? "", "proof");
    const { ended } = run(["export", name, "--mine", "--config", config]);
    refused(await ended, 74, /was not written \(ENOSPC\)/);
    expect([`${name}.cbor`, `${name}.cbor.part`].some((path) => existsSync(path))).toBe(false);
  },
  LIMIT_MS,
);

test(
  "Ctrl-C in a fetch says how to go on, and what came stays",
  async () => {
    const folder = join(here, "interrupted");
    const args = ["fetch", "meadow", "--to", folder, "--config", config];
    const interrupted = run(args);
    while (!existsSync(folder) && !(await Promise.race([interrupted.ended, Bun.sleep(5)])));
    interrupted.kill("SIGINT");
    const { status, stderr } = await interrupted.ended;
    // A fast machine may have fetched all of it by then.
    if (status !== 0)
      refused({ status, stderr, stdout: "" }, 1, /goes on from here|stopped before/);
    expect((await run(args).ended).status).toBe(0);
    const index = "index.m3u8";
    expect(readFileSync(join(folder, index))).toEqual(readFileSync(join(title, index)));
  },
  LIMIT_MS,
);

test(
  "what the coordinator refuses comes with its code and its words",
  async () => {
    await using refusing = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (request) => {
        const { pathname } = new URL(request.url);
        if (pathname !== "/v1/wallet") return fetch(`http://${taken}${pathname}`);
        const error = { code: "stale", text: "The request is too old; set the clock." };
        return Response.json({ error }, { status: 403 });
      },
    });
    const url = `http://127.0.0.1:${refusing.port}`;
    const { ended } = run(["wallet", "--mine", "--config", config, "--coordinator", url]);
    refused(
      await ended,
      77,
      /the coordinator refused \(stale\): The request is too old; set the clock/,
    );
  },
  LIMIT_MS,
);

test(
  "Ctrl-C in a publish says so, and the same command goes on",
  async () => {
    const folder = temporary();
    for (let i = 0; i < 40; i++) {
      const data = new Uint8Array(1024 * 1024);
      crypto.getRandomValues(data.subarray(0, 65_536));
      writeFileSync(join(folder, `part-${i}.bin`), data);
    }
    const args = ["publish", folder, "--name", "Large", "--config", config];
    const interrupted = run(args);
    await Bun.sleep(700);
    interrupted.kill("SIGINT");
    const ended = await interrupted.ended;
    // Before the program has its handlers, the signal ends it; a fast machine may be through.
    if (ended.status === 1) refused(ended, 1, /stopped before it was done/);
    expect((await run(args).ended).stdout).toContain("Large is published: 40 files");
  },
  LIMIT_MS,
);

test.each(["play meadow", "coordinator", "box"])(
  "Ctrl-C ends %s as asked: that is no failure",
  async (verb) => {
    const odd = withSettings(apart());
    const daemon = run([...verb.split(" "), "--config", odd]);
    await daemon.line(/plays at|coordinator runs|box runs/);
    daemon.kill("SIGINT");
    const { status, stderr } = await daemon.ended;
    expect(stderr).not.toMatch(/^\s+at .*:\d+:\d+|fault of Spareband/m);
    expect(status).toBe(0);
  },
  LIMIT_MS,
);
