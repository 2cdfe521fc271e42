/** What the soak kills: Mosquitto, a coordinator with a title, and boxes that hold all of it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seal } from "../../agent/accounting/envelope.ts";
import type { Sealed } from "../../agent/accounting/messages.ts";
import { CoordinatorClient, type Grant } from "../../agent/content/coordinator-client.ts";
import { makeTitle } from "../../agent/content/make-title.ts";
import { agreed, wholeTo } from "../../agent/content/split-file.ts";
import { uploadTitle } from "../../agent/content/upload-title.ts";
import { type Id, type PublicKey, toHex } from "../../agent/core/encoding.ts";
import { silentLog } from "../../agent/core/log.ts";
import { type Random, systemRandom } from "../../agent/core/random.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { toUnixSeconds } from "../../agent/core/units.ts";
import { createSigner, type Signer } from "../../agent/identity/ed25519.ts";
import { loadOrCreateKey } from "../../agent/identity/keys.ts";
import { type Broker, freePort, startMosquitto } from "../faults/mosquitto.ts";
import { configFile } from "./config-file.ts";
import { Daemon } from "./daemon.ts";

export const environment = "dev" as const;
export const fleet = "soak";

export interface SoakBox {
  readonly daemon: Daemon;
  readonly state: string;
  readonly signer: Signer;
}

export interface Deployment extends AsyncDisposable {
  readonly broker: Broker;
  readonly coordinator: Daemon;
  readonly client: CoordinatorClient;
  readonly coordinatorKey: PublicKey;
  readonly database: string;
  readonly boxes: readonly SoakBox[];
  readonly title: Sealed<"manifest">;
}

/** Rate of each box: three of them and their viewers leave a small machine time for kills. */
const BOX_RATE = "16 Mbit/s";
const START_WITHIN_MS = 60_000;
const FILES = 32;
const FILE_BYTES = 64 * 1024;

/** Starts everything; every box holds the title when it resolves. */
export async function deploy(boxCount: number, random: Random): Promise<Deployment> {
  await using resources = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), "spareband-soak-"));
  resources.defer(() => rmSync(directory, { recursive: true, force: true }));
  const broker = resources.use(await openBroker());
  const at = async () => `127.0.0.1:${await freePort()}`;
  const listen = await at();
  const shared = {
    environment,
    fleet,
    "coordinator.url": `http://${listen}`,
    "mqtt.url": broker.url,
  };
  const state = join(directory, "coordinator");
  const coordinator = daemonOf(directory, "coordinator", {
    ...shared,
    "coordinator.state_dir": state,
    "coordinator.listen": listen,
    "coordinator.origin_listen": await at(),
    "coordinator.reflector_listen": await at(),
    "coordinator.epoch": "2 s",
    "mqtt.username": "coordinator",
  });
  resources.defer(() => coordinator.stop());
  await coordinator.start();
  const client = new CoordinatorClient({ url: shared["coordinator.url"], environment });
  const { publicKey } = await client.info();
  const title = await publish(client, join(directory, "title"), random);
  const boxes: SoakBox[] = [];
  for (let n = 1; n <= boxCount; n++) {
    const box = join(directory, `box-${n}`);
    const identity = { name: "box", mayCreate: true, random: systemRandom };
    const key = loadOrCreateKey(join(box, "identity"), identity);
    if (key.state !== "ready") throw new Error(key.text);
    const daemon = daemonOf(directory, `box-${n}`, {
      ...shared,
      "box.state_dir": box,
      "box.hardware": "simulated",
      "box.listen": await at(),
      "status.listen": await at(),
      "content.fill_rate": "1 Gbit/s",
      "limits.max_rate": BOX_RATE,
    });
    resources.defer(() => daemon.stop());
    await daemon.start();
    boxes.push({ daemon, state: box, signer: key.signer });
  }
  const database = join(state, "coordinator.sqlite");
  await untilServing(client, title, boxCount, random);
  const held = resources.move();
  return {
    broker,
    coordinator,
    client,
    coordinatorKey: publicKey,
    database,
    boxes,
    title,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** Boxes fill their caches, find out what they may send, and tell the coordinator of both. */
async function untilServing(
  client: CoordinatorClient,
  title: Sealed<"manifest">,
  boxCount: number,
  random: Random,
): Promise<void> {
  const until = performance.now() + START_WITHIN_MS;
  while (performance.now() < until) {
    const viewer = createSigner(random.bytes(32));
    if ((await ticketsFor(client, title, viewer, random)).length === boxCount) return;
    await Bun.sleep(500);
  }
  throw new Error(`not every box serves after ${START_WITHIN_MS / 1000} s`);
}

/** Leave for a viewer to ask every box there is. Rejects when the coordinator is dead. */
export async function ticketsFor(
  client: CoordinatorClient,
  title: Sealed<"manifest">,
  viewer: Signer,
  random: Random,
): Promise<readonly Grant[]> {
  const request = {
    viewer: viewer.publicKey,
    title: title.hash,
    boxes: 16,
    avoid: [],
    nonce: toHex(random.bytes(16)) as Id,
    at: toUnixSeconds(systemClock.wallMs()),
  };
  return (await client.tickets(seal("ticket-request", request, viewer, environment))).boxes;
}

const openBroker = () =>
  startMosquitto({
    users: {},
    // Who may do what is tested elsewhere; here the witness hears every ack.
    configuration: (port) =>
      `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\nuser root\n`,
  });

function daemonOf(
  directory: string,
  name: string,
  settings: Readonly<Record<string, string>>,
): Daemon {
  const kind = name.startsWith("box") ? "box" : "coordinator";
  const config = configFile(join(directory, "config", name), settings);
  const script = join(import.meta.dir, `${kind}-process.ts`);
  return new Daemon(name, [process.execPath, script, config], join(directory, `${name}.log`));
}

/** Files so small that a box that has just come up sends one in a second, at its governor's floor. */
async function publish(client: CoordinatorClient, folder: string, random: Random) {
  mkdirSync(folder);
  for (let n = 0; n < FILES; n++) writeFileSync(join(folder, `${n}.bin`), random.bytes(FILE_BYTES));
  const signer = createSigner(random.bytes(32));
  const now = toUnixSeconds(systemClock.wallMs());
  const split = seal("split", wholeTo(signer.publicKey, now), signer, environment);
  const title = await makeTitle({
    folder,
    split: agreed([split.bytes], environment, "soak"),
    signer,
    environment,
    createdAt: now,
    log: silentLog,
  });
  await uploadTitle({ title, coordinator: client, clock: systemClock });
  return title.manifest;
}
