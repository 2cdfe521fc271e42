/** Every verb that tells facts tells them to programs too: with --json, one document on stdout. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../faults/mosquitto.ts";
import { apart, LIMIT_MS, meadow, startLoneCoordinator } from "./lone-coordinator.ts";
import { type Running, run, temporary } from "./run.ts";

const alone = await startLoneCoordinator();
let box: Running;
let atBox: string;
let key: string;
let proof: string;

beforeAll(async () => {
  const listen = `127.0.0.1:${await freePort()}`;
  atBox = alone.with({ ...apart(), "status.listen": listen });
  box = run(["box", "--config", atBox]);
  await box.line(/box runs/);
  const info = await (await fetch(`http://${alone.address}/v1/info`)).json();
  key = (info as { publicKey: string }).publicKey;
  proof = join(alone.directory, "proof");
  const exported = await run(["export", proof, "--mine", "--config", alone.config]).ended;
  expect(exported.status).toBe(0);
}, LIMIT_MS);
afterAll(async () => {
  box.kill("SIGTERM");
  await box.ended;
}, LIMIT_MS);

/** What it told, parsed; anything beside one JSON document is a fault. */
async function told(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout, stderr, status } = await run([...args, "--json"], { directory: alone.directory })
    .ended;
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout);
}

const atBoxVerbs: readonly (readonly [string, readonly string[], string])[] = [
  ["status", ["status"], "sharing"],
  ["status --code", ["status", "--code"], "code"],
  ["pause", ["pause", "--for", "1 h"], "pause"],
  ["resume", ["resume"], "pause"],
  ["limits", ["limits", "--quiet", "22:00-06:00,12:00-13:00"], "quietHours"],
  ["consent", ["consent"], "given"],
  ["wallet", ["wallet"], "credited"],
  ["records", ["records"], "records"],
];
test.each(atBoxVerbs)(
  "%s at a box",
  async (_verb, args, field) => {
    expect(Object.keys(await told(...args, "--config", atBox))).toContain(field);
  },
  LIMIT_MS,
);

test(
  "people are told that quiet hours from a time to the same time are the whole day",
  async () => {
    const own = ["--config", atBox];
    const { stdout } = await run(["limits", "--quiet", "12:00-12:00,1:00-2:00", ...own]).ended;
    expect(stdout).toContain("quiet hours   12:00-12:00 (the whole day), 01:00-02:00\n");
    expect((await run(["limits", "--quiet", "none", ...own]).ended).status).toBe(0);
  },
  LIMIT_MS,
);

test(
  "people are told when a pause ends, by their own clocks",
  async () => {
    const at = { environment: { TZ: "Australia/Lord_Howe" } };
    const paused = await run(["pause", "--for", "1 h", "--config", atBox], at).ended;
    const [, day, time] = /goes on by itself at (\S+) (\S+)\.$/m.exec(paused.stdout) ?? [];
    const until = (await told("status", "--config", atBox)).pause as { until: number };
    const there = {
      timeZone: "Australia/Lord_Howe",
      hourCycle: "h23",
      timeStyle: "medium",
    } as const;
    expect(time).toBe(new Intl.DateTimeFormat("en", there).format(until.until * 1000));
    expect(day).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    expect((await run(["resume", "--config", atBox]).ended).status).toBe(0);
  },
  LIMIT_MS,
);

test(
  "publish, fetch, wallet, export and verify of a person",
  async () => {
    const folder = join(temporary(), "again");
    cpSync(meadow, folder, { recursive: true });
    const own = ["--config", alone.config];
    const { title, slug } = await told("publish", folder, ...own);
    expect([title, slug]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), "again"]);
    expect(await told("fetch", "again", "--discard", ...own)).toMatchObject({ end: "complete" });
    expect(await told("wallet", "--mine", ...own)).toMatchObject({ creator: "0" });
    expect(await told("export", proof, "--mine", ...own)).toMatchObject({
      verifies: `${proof}.cbor`,
    });
    const check = ["verify", `${proof}.cbor`, "--coordinator-key", key, "--environment", "dev"];
    expect(await told(...check)).toMatchObject({ ok: true });
  },
  LIMIT_MS,
);

test(
  "sign-split names the file to send back and the key that signed",
  async () => {
    const own = ["--config", alone.config];
    const { wallet } = await told("wallet", "--mine", ...own);
    const file = join(temporary(), "split.toml");
    writeFileSync(file, `[[party]]\nkey = "${wallet}"\nshare = 100\n`);
    const { signed, key: signer } = await told("sign-split", file, ...own);
    expect(signer).toBe(wallet);
    expect(signed).toBe(`${file}.${String(wallet).slice(0, 8)}.signed`);
  },
  LIMIT_MS,
);

test(
  "enrol tells the device's key, reset what became of it",
  async () => {
    const own = ["--config", alone.with(apart())];
    const { box: id } = await told("enrol", "--yes", ...own);
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    const { emptied, final } = await told("reset", "--yes", ...own);
    expect([typeof emptied, final]).toEqual(["string", undefined]);
  },
  LIMIT_MS,
);

test(
  "play tells its address as soon as a player may ask there",
  async () => {
    const player = run(["play", "meadow", "--json", "--config", alone.with(apart())]);
    const [line] = await player.line(/^\{.*\}$/);
    expect((await fetch(JSON.parse(line).url)).status).toBe(200);
    player.kill("SIGTERM");
    expect((await player.ended).status).toBe(0);
  },
  LIMIT_MS,
);

test(
  "doctor tells its findings",
  async () => {
    const { findings } = await told("doctor", "--config", alone.config);
    expect(findings).toBeArray();
  },
  LIMIT_MS,
);
