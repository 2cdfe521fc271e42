/** A coordinator with one title and no broker, for the tests of one file. */
import { afterAll, expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../faults/mosquitto.ts";
import { configFile } from "./deployment.ts";
import { type Ended, run, temporary } from "./run.ts";

/** The folder that is published there as "meadow". */
export const meadow = join(import.meta.dir, "../fixtures/titles/meadow");
export const LIMIT_MS = 120_000;

type Settings = Readonly<Record<string, string>>;

export interface LoneCoordinator {
  /** For the test's files; a file named `a-file` is in it. */
  readonly directory: string;
  readonly file: string;
  readonly config: string;
  /** host:port of its API. */
  readonly address: string;
  readonly settings: Settings;
  /** A configuration file like its own but for these settings. */
  with(other: Settings): string;
}

/** To be awaited where a test file begins; it is stopped after the file's last test. */
export async function startLoneCoordinator(changed: Settings = {}): Promise<LoneCoordinator> {
  const directory = temporary();
  const file = join(directory, "a-file");
  writeFileSync(file, "not a folder\n");
  const at = async () => `127.0.0.1:${await freePort()}`;
  const address = await at();
  const settings = {
    environment: "dev",
    "mqtt.url": "mqtt://127.0.0.1:1",
    "coordinator.url": `http://${address}`,
    "coordinator.listen": address,
    "coordinator.origin_listen": await at(),
    "coordinator.reflector_listen": await at(),
    "coordinator.state_dir": join(directory, "coordinator"),
    "viewer.key_dir": join(directory, "keys"),
    ...changed,
  };
  const config = configFile(join(directory, "settings"), settings);
  const coordinator = run(["coordinator", "--config", config]);
  afterAll(async () => {
    coordinator.kill("SIGTERM");
    await coordinator.ended;
  }, LIMIT_MS);
  await coordinator.line(/coordinator runs/);
  const published = await run(["publish", meadow, "--config", config]).ended;
  expect(published.status).toBe(0);
  return {
    directory,
    file,
    config,
    address,
    settings,
    with: (other) => configFile(temporary(), { ...settings, ...other }),
  };
}

/** Ports and folders of its own, for a daemon beside the coordinator that runs. */
export const apart = (): Settings => ({
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

/** One sentence for people, with the exit code of its kind, and never a trace. */
export function refused({ status, stderr }: Ended, code: number, sentence: RegExp): void {
  expect(stderr).toMatch(sentence);
  expect(stderr).not.toMatch(/^\s+at .*:\d+:\d+|fault of Spareband itself/m);
  expect(status).toBe(code);
}

/** Arguments that are wrong in one way, and what is to be said about it. */
export const wrong = (what: string, args: () => readonly string[], code: number, says: RegExp) => ({
  what,
  args,
  code,
  says,
});
