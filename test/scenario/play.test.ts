/** A viewer's player: ffprobe and ffmpeg read a title from `spareband play`. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { freePort } from "../faults/mosquitto.ts";
import { configFile } from "./deployment.ts";
import { type Running, run, temporary } from "./run.ts";

const title = join(import.meta.dir, "../fixtures/titles/meadow");
const LIMIT_MS = 120_000;
const hasFfmpeg = ["ffprobe", "ffmpeg"].every((name) => spawnSync(name, ["-version"]).status === 0);
const named = (name: string) => (hasFfmpeg ? name : `${name} (skipped: ffmpeg is missing)`);

let coordinator: Running;
let config: string;

beforeAll(async () => {
  const here = temporary();
  const at = async () => `127.0.0.1:${await freePort()}`;
  const listen = await at();
  config = configFile(here, {
    environment: "dev",
    "mqtt.url": "mqtt://127.0.0.1:1",
    "coordinator.url": `http://${listen}`,
    "coordinator.listen": listen,
    "coordinator.origin_listen": await at(),
    "coordinator.reflector_listen": await at(),
    "coordinator.state_dir": join(here, "coordinator"),
    "viewer.key_dir": join(here, "keys"),
    "viewer.gateway_listen": "127.0.0.1:0",
  });
  coordinator = run(["coordinator", "--config", config]);
  await coordinator.line(/coordinator runs/);
  expect((await run(["publish", title, "--config", config]).ended).status).toBe(0);
}, LIMIT_MS);

afterAll(async () => {
  coordinator.kill("SIGTERM");
  await coordinator.ended;
}, LIMIT_MS);

test.skipIf(!hasFfmpeg)(
  named("ffprobe sees the film and ffmpeg plays a part of it"),
  async () => {
    const play = run(["play", "meadow", "--config", config]);
    const [, url = ""] = await play.line(/^meadow plays at (http:\S+)$/);
    const probe = await said("ffprobe", "-v", "error", "-show_format", "-of", "json", url);
    const { format } = JSON.parse(probe) as { format: { format_name: string; duration: string } };
    expect(format.format_name).toContain("hls");
    expect(Math.round(Number(format.duration))).toBe(180);
    await said("ffmpeg", "-v", "error", "-ss", "60", "-i", url, "-t", "8", "-f", "null", "-");
    play.kill("SIGINT");
    expect((await play.ended).status).toBe(0);
  },
  LIMIT_MS,
);

/** stdout of a program that has to end well, without a word of complaint. */
async function said(...command: string[]): Promise<string> {
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}
