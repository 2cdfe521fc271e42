/** A deployment as an operator makes one: Mosquitto with the shipped access rules, and processes. */
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type Broker, freePort, startMosquitto } from "../faults/mosquitto.ts";
import { type Ended, type Running, run, temporary } from "./run.ts";

const PASSWORD = "only for this test";

export interface Household {
  readonly name: string;
  readonly config: string;
  /** The box's public key. */
  readonly box: string;
  readonly process: Running;
  /** A verb of the household's shell. */
  say(...args: string[]): Promise<Ended>;
}

export interface Deployment extends AsyncDisposable {
  readonly directory: string;
  readonly broker: Broker;
  readonly coordinatorUrl: string;
  readonly coordinatorKey: string;
  readonly coordinator: Running;
  readonly coordinatorConfig: string;
  readonly boxes: readonly Household[];
  /** Runs a verb as a person with a key of their own, who knows the coordinator. */
  as(name: string, ...args: string[]): Running;
}

/** Starts everything; boxes have given consent when it resolves. */
export async function deploy(names: readonly string[]): Promise<Deployment> {
  await using resources = new AsyncDisposableStack();
  const directory = temporary();
  const ids: string[] = [];
  for (const name of names) ids.push(await newBox(join(directory, name)));
  const users = Object.fromEntries([...ids, "coordinator"].map((id) => [id, PASSWORD]));
  const broker = resources.use(await startMosquitto({ users }));
  const password = join(directory, "mqtt-password");
  writeFileSync(password, PASSWORD, { mode: 0o600 });
  const at = async () => `127.0.0.1:${await freePort()}`;
  const listen = {
    "coordinator.listen": await at(),
    "coordinator.origin_listen": await at(),
    "coordinator.reflector_listen": await at(),
  };
  const coordinatorUrl = `http://${listen["coordinator.listen"]}`;
  const shared = {
    environment: "dev",
    "coordinator.url": coordinatorUrl,
    "mqtt.url": broker.url,
    "mqtt.password_file": password,
  };
  const config = configFile(join(directory, "coordinator"), {
    ...shared,
    ...listen,
    "mqtt.username": "coordinator",
    "coordinator.state_dir": join(directory, "coordinator"),
    "coordinator.epoch": "3 s",
  });
  const coordinator = daemon(resources, "coordinator", config);
  await coordinator.line(/coordinator runs/);
  const info = (await (await fetch(`${coordinatorUrl}/v1/info`)).json()) as { publicKey: string };
  const boxes: Household[] = [];
  for (const [i, name] of names.entries())
    boxes.push(
      await openHousehold(resources, join(directory, name), ids[i] ?? "", {
        ...shared,
        "coordinator.public_key": info.publicKey,
      }),
    );
  const held = resources.move();
  const person = configFile(join(directory, "person"), {
    environment: "dev",
    "coordinator.url": coordinatorUrl,
    "coordinator.public_key": info.publicKey,
  });
  return {
    directory,
    broker,
    coordinatorUrl,
    coordinatorKey: info.publicKey,
    coordinator,
    coordinatorConfig: config,
    boxes,
    as: (who, ...args) =>
      run([...args, "--config", person], {
        directory,
        environment: { XDG_CONFIG_HOME: join(directory, "people", who) },
      }),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** A configuration file of a folder that is made. */
export function configFile(folder: string, values: Readonly<Record<string, string>>): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "spareband.toml");
  const lines = Object.entries(values).map(([key, value]) => {
    const [table = "", name] = key.split(".");
    return name === undefined
      ? `${table} = ${JSON.stringify(value)}`
      : `${table}.${name} = ${JSON.stringify(value)}`;
  });
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}

/** What a maker does in the factory: the device gets its key, and its id is known. */
async function newBox(folder: string): Promise<string> {
  const config = configFile(folder, { environment: "dev", "box.state_dir": join(folder, "state") });
  const { stdout, stderr } = await run(["enrol", "--yes", "--config", config]).ended;
  const [, id] = /is box ([0-9a-f]{64})/.exec(stdout) ?? [];
  if (id === undefined) throw new Error(`no key was made: ${stdout}${stderr}`);
  return id;
}

async function openHousehold(
  resources: AsyncDisposableStack,
  folder: string,
  box: string,
  shared: Readonly<Record<string, string>>,
): Promise<Household> {
  const config = configFile(folder, {
    ...shared,
    "box.state_dir": join(folder, "state"),
    "box.hardware": "simulated",
    "limits.max_rate": "900 Mbit/s",
    "box.listen": `127.0.0.1:${await freePort()}`,
    "status.listen": `127.0.0.1:${await freePort()}`,
    "content.fill_rate": "1 Gbit/s",
  });
  const process = daemon(resources, "box", config);
  await process.line(/box runs/);
  const say = (...args: string[]) =>
    run([...args, "--config", config], { directory: folder }).ended;
  return { name: basename(folder), config, box, process, say };
}

/** A process that runs until told to stop; it has to end well. */
function daemon(resources: AsyncDisposableStack, verb: string, config: string): Running {
  const process = run([verb, "--config", config]);
  resources.defer(async () => {
    process.kill("SIGTERM");
    await process.ended;
  });
  return process;
}

/** Looks until it holds; rejects with the last answer when that takes longer than the limit. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T>,
  holds: (seen: T) => boolean,
  limitMs = 90_000,
): Promise<T> {
  const until = performance.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (performance.now() > until) throw new Error(`${what}: still ${JSON.stringify(seen)}`);
    await Bun.sleep(250);
  }
}
