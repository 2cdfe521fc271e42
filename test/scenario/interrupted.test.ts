/** Ctrl-C at any moment: said in a sentence, nothing half done is taken for whole, and one can go on. */
import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { closeSync, constants, existsSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errnoOf } from "../../agent/core/errors.ts";
import { apart, LIMIT_MS, meadow, refused, startLoneCoordinator } from "./lone-coordinator.ts";
import { run, temporary } from "./run.ts";

const alone = await startLoneCoordinator();

test(
  "Ctrl-C in a fetch says how to go on, and what came stays",
  async () => {
    const folder = join(alone.directory, "interrupted");
    const args = ["fetch", "meadow", "--to", folder, "--config", alone.config];
    const interrupted = run(args);
    while (!existsSync(folder) && !(await Promise.race([interrupted.ended, Bun.sleep(5)])));
    interrupted.kill("SIGINT");
    const { status, stderr } = await interrupted.ended;
    // A fast machine may have fetched all of it by then.
    if (status !== 0)
      refused({ status, stderr, stdout: "" }, 1, /goes on from here|stopped before/);
    expect((await run(args).ended).status).toBe(0);
    const index = "index.m3u8";
    expect(readFileSync(join(folder, index))).toEqual(readFileSync(join(meadow, index)));
  },
  LIMIT_MS,
);

test(
  "Ctrl-C ends verify while nobody writes into the pipe that it is to read",
  async () => {
    const pipe = join(temporary(), "pipe");
    spawnSync("mkfifo", [pipe]);
    const verb = run(["verify", pipe, "--coordinator-key", "a".repeat(64)]);
    const writer = await openedForWriting(pipe);
    verb.kill("SIGINT");
    refused(await verb.ended, 1, /stopped before it was done/);
    closeSync(writer);
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
    const args = ["publish", folder, "--name", "Large", "--config", alone.config];
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
    const odd = alone.with(apart());
    const daemon = run([...verb.split(" "), "--config", odd]);
    await daemon.line(/plays at|coordinator runs|box runs/);
    daemon.kill("SIGINT");
    const { status, stderr } = await daemon.ended;
    expect(stderr).not.toMatch(/^\s+at .*:\d+:\d+|fault of Spareband/m);
    expect(status).toBe(0);
  },
  LIMIT_MS,
);

/** Once somebody reads: until then a pipe cannot be opened for writing without waiting (ENXIO). */
async function openedForWriting(pipe: string): Promise<number> {
  for (;;) {
    try {
      return openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (fault) {
      if (errnoOf(fault) !== "ENXIO") throw fault;
      await Bun.sleep(20);
    }
  }
}

/** Hears requests and says nothing: what a verb waits for when its other side hangs. */
function mute() {
  const asked = Promise.withResolvers<void>();
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { data: () => asked.resolve() },
  });
  return {
    address: `127.0.0.1:${server.port}`,
    asked: asked.promise,
    [Symbol.dispose]: () => server.stop(true),
  };
}

const waiting: readonly (readonly [verb: string, ...args: string[]])[] = [
  ["publish", meadow],
  ["fetch", "meadow", "--discard"],
  ["play", "meadow"],
  ["wallet", "--mine"],
  ["export", "mine", "--mine"],
  ["status"],
  ["status", "--code"],
  ["pause"],
  ["resume"],
  ["limits", "--share", "50"],
  ["consent", "--give", "--yes"],
  ["wallet"],
  ["records"],
  ["export", "proof"],
];
test.each(waiting.map((args) => [args.join(" ").replace(meadow, "FOLDER"), args] as const))(
  "Ctrl-C ends %s while the other side says nothing",
  async (_what, args) => {
    using silent = mute();
    const state = temporary();
    writeFileSync(join(state, "status-token"), `${"t".repeat(43)}\n`, { mode: 0o600 });
    const config = alone.with({
      ...apart(),
      "coordinator.url": `http://${silent.address}`,
      "status.listen": silent.address,
      "box.state_dir": state,
    });
    const verb = run([...args, "--config", config], { directory: temporary() });
    await Promise.race([silent.asked, verb.ended]);
    verb.kill("SIGINT");
    // Had it waited until it gave up on the other side, it would say that instead.
    refused(await verb.ended, 1, /stopped before it was done/);
  },
  LIMIT_MS,
);

test(
  "Ctrl-C ends dev --once: no sums are told, nothing is left behind",
  async () => {
    const dev = run(["dev", "--once"]);
    await dev.line(/box|publish/i);
    dev.kill("SIGINT");
    refused(await dev.ended, 1, /stopped before it was done/);
    expect(await dev.leftovers()).toEqual([]);
  },
  LIMIT_MS,
);
