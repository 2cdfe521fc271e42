/** What a box does when its state is damaged, gone or given away; its page has to come up all the same. */
import { afterEach, expect, test } from "bun:test";
import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Box, openBox } from "../../agent/box.ts";
import { loadConfig } from "../../agent/config.ts";
import { silentLog } from "../../agent/core/log.ts";
import { systemRandom } from "../../agent/core/random.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { openDelayProbe, openPeerSockets } from "../../hardware/linux/line-access.ts";
import { createSimulatedDevice } from "../../hardware/simulated/device.ts";

const main = join(import.meta.dir, "../../agent/main.ts");
const opened: Box[] = [];
afterEach(async () => {
  for (const box of opened.splice(0)) await box[Symbol.asyncDispose]();
});

const newDirectory = () => mkdtempSync(join(tmpdir(), "spareband-box-"));

async function start(directory: string): Promise<Box> {
  const { config } = loadConfig({
    environment: {},
    lastGood: {},
    flags: {
      environment: "dev",
      "box.state_dir": directory,
      "box.listen": "127.0.0.1:0",
      "status.listen": "127.0.0.1:0",
      "coordinator.url": "http://127.0.0.1:9",
      "mqtt.url": "mqtt://127.0.0.1:9",
    },
  });
  const clock = systemClock;
  const box = await openBox({
    config,
    device: createSimulatedDevice({ clock }),
    createSockets: (ports) => openPeerSockets({ clock, ports }),
    probe: openDelayProbe({ clock, random: systemRandom }),
    clockQuality: () => "synchronised",
    fingerprint: undefined,
    pinnedCoordinator: undefined,
    clock,
    random: systemRandom,
    log: silentLog,
  });
  opened.push(box);
  return box;
}

const codes = (box: Box) => box.health.list().map(({ code }) => code);
const page = async (box: Box) => (await fetch(box.statusUrl)).text();

test("fault 45: a key that is gone is not replaced, and the page says so", async () => {
  const directory = newDirectory();
  const first = await start(directory);
  expect(first.id).toBeDefined();
  await opened.pop()?.[Symbol.asyncDispose]();

  rmSync(join(directory, "identity"), { recursive: true });
  const second = await start(directory);
  expect(second.id).toBeUndefined();
  expect(second.sharing).toBeUndefined();
  expect(codes(second)).toContain("key-unusable");
  expect(await page(second)).toContain("The key that names this box is missing or damaged.");
});

test("fault 42: a state directory that cannot be used leaves the page and shares nothing", async () => {
  const file = join(newDirectory(), "not-a-directory");
  writeFileSync(file, "");
  const box = await start(file);
  expect(box.sharing).toBeUndefined();
  expect(codes(box)).toContain("state-unwritable");
  expect(await page(box)).toContain("The box cannot write its own data, so it shares nothing.");
});

test("a folder in the place of the token's file leaves the page, which says so", async () => {
  const directory = newDirectory();
  mkdirSync(join(directory, "status-token"));
  const box = await start(directory);
  expect(codes(box)).toContain("state-unwritable");
  expect(await page(box)).toContain("status-token");
});

test("neither a new key nor a reset while the box runs: it would go on with the old one", async () => {
  const directory = newDirectory();
  const { id } = await start(directory);
  const environment = { ...process.env, SPAREBAND_BOX_STATE_DIR: directory };
  for (const verb of ["enrol", "reset"]) {
    const asked = Bun.spawnSync([process.execPath, main, verb, "--yes"], { env: environment });
    expect(asked.stderr.toString()).toContain(`a box runs on ${directory}: stop it first`);
    expect(asked.exitCode).toBe(69);
  }
  await opened.pop()?.[Symbol.asyncDispose]();
  expect((await start(directory)).id).toBe(id);
  await opened.pop()?.[Symbol.asyncDispose]();
  const done = Bun.spawnSync([process.execPath, main, "enrol", "--yes"], { env: environment });
  expect(done.exitCode).toBe(0);
  expect((await start(directory)).id).not.toBe(id);
});

test("fault 61: a factory reset leaves nothing, and the next start is another box", async () => {
  const directory = newDirectory();
  const before = (await start(directory)).id;
  await opened.pop()?.[Symbol.asyncDispose]();

  const environment = { ...process.env, SPAREBAND_BOX_STATE_DIR: directory };
  const asked = Bun.spawnSync([process.execPath, main, "reset"], { env: environment });
  expect(asked.exitCode).toBe(64);
  expect(readdirSync(directory)).not.toEqual([]);

  const done = Bun.spawnSync([process.execPath, main, "reset", "--yes"], { env: environment });
  expect(done.stderr.toString()).toBe("");
  expect(done.exitCode).toBe(0);
  expect(done.stdout.toString()).toContain(`final account of box ${before}: 0.00 tokens`);
  expect(readdirSync(directory)).toEqual([]);
  const after = (await start(directory)).id;
  expect(after).toBeDefined();
  expect(after).not.toBe(before);
});

test("a reset deletes nothing where no box was, whatever the configuration says", () => {
  const directory = newDirectory();
  mkdirSync(join(directory, "photos"), { recursive: true });
  const environment = { ...process.env, SPAREBAND_BOX_STATE_DIR: directory };
  const asked = Bun.spawnSync([process.execPath, main, "reset", "--yes"], { env: environment });
  expect(asked.stderr.toString()).toContain(`${directory} holds nothing of a box`);
  expect(asked.exitCode).toBe(66);
  expect(readdirSync(directory)).toEqual(["photos"]);
});

test.skipIf(process.getuid?.() !== 0)(
  "a key that root makes in the factory is the service's to read (needs root)",
  () => {
    const directory = newDirectory();
    const service = { uid: 65_534, gid: 65_534 };
    chownSync(directory, service.uid, service.gid);
    const environment = { ...process.env, SPAREBAND_BOX_STATE_DIR: directory };
    const made = Bun.spawnSync([process.execPath, main, "enrol", "--yes"], { env: environment });
    expect(made.stderr.toString()).toBe("");
    const files = readdirSync(directory, { recursive: true }).map(String);
    expect(files).toContain("identity/box.key");
    for (const file of files) expect(statSync(join(directory, file))).toMatchObject(service);
  },
);
