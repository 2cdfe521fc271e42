/** A viewer's player: ffprobe and ffmpeg read a title from `spareband play`. */

import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { endOf } from "../runner/end-of.ts";
import { LIMIT_MS, startLoneCoordinator } from "./lone-coordinator.ts";
import { run } from "./run.ts";

const hasFfmpeg = ["ffprobe", "ffmpeg"].every((name) => spawnSync(name, ["-version"]).status === 0);
const named = (name: string) => (hasFfmpeg ? name : `${name} (skipped: ffmpeg is missing)`);

const { config } = await startLoneCoordinator({ "viewer.gateway_listen": "127.0.0.1:0" });

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
  const { code, stdout, stderr } = await endOf(child);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}
