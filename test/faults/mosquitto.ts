/** A real Mosquitto for tests: on a free port of loopback, with the access rules that are shipped. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const PATHS = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto"];
const binary = PATHS.find((path) => spawnSync(path, ["-h"]).error === undefined);

/** Is there one on this machine? */
export const hasMosquitto = binary !== undefined;

export interface Broker {
  readonly url: string;
  readonly port: number;
  /** Of the running process. */
  pid(): number | undefined;
  stop(): Promise<void>;
  /** Starts again on the same port with the same users. */
  start(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface BrokerSetup {
  /** Whom the shipped access rules are made for; theirs is "home". */
  readonly fleet?: string;
  /** Names and passwords; the shipped ACL file tells what each may do. */
  readonly users: Readonly<Record<string, string>>;
  /** Instead of a plain listener on loopback. */
  readonly listener?: (port: number) => string;
  /** Instead of everything else; gets the port and where the shipped access rules lie. */
  readonly configuration?: (port: number, acl: string) => string;
}

export async function startMosquitto({
  fleet = "home",
  users,
  listener,
  configuration,
}: BrokerSetup): Promise<Broker> {
  if (binary === undefined) throw new Error("mosquitto is not installed");
  const directory = mkdtempSync(join(tmpdir(), "spareband-mosquitto-"));
  const port = await freePort();
  const passwords = join(directory, "passwords");
  writeFileSync(
    passwords,
    Object.entries(users)
      .map(([name, word]) => `${name}:${word}\n`)
      .join(""),
  );
  spawnSync("mosquitto_passwd", ["-U", passwords]);
  const acl = join(directory, "acl");
  const rules = await Bun.file(resolve("agent/reporting/mosquitto/spareband.acl")).text();
  writeFileSync(acl, rules.replaceAll("/v1/home/", `/v1/${fleet}/`));
  const config = join(directory, "mosquitto.conf");
  writeFileSync(
    config,
    configuration?.(port, acl) ??
      [
        listener?.(port) ?? `listener ${port} 127.0.0.1`,
        "allow_anonymous false",
        `password_file ${passwords}`,
        `acl_file ${acl}`,
        "user root",
        "persistence false",
      ].join("\n"),
  );
  let process: ChildProcess | undefined;
  const broker: Broker = {
    url: `mqtt://127.0.0.1:${port}`,
    port,
    pid: () => process?.pid,
    async start() {
      process = spawn(binary, ["-c", config], { stdio: "ignore" });
      await listening(port);
    },
    async stop() {
      const child = process;
      process = undefined;
      if (!child || child.exitCode !== null) return;
      const gone = new Promise((done) => child.once("exit", done));
      child.kill("SIGKILL");
      await gone;
    },
    async [Symbol.asyncDispose]() {
      await broker.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  await broker.start();
  return broker;
}

export function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address ? address.port : 0;
      server.close(() => done(port));
    });
  });
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const up = await new Promise<boolean>((done) => {
      const socket = connect(port, "127.0.0.1", () => done(true));
      socket.once("error", () => done(false));
      socket.once("connect", () => socket.destroy());
    });
    if (up) return;
    await Bun.sleep(25);
  }
  throw new Error(`mosquitto does not listen on port ${port}`);
}
