/** Two workers of one coordinator on one file, behind a real Mosquitto with shared subscriptions. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { encodeBatch } from "../../agent/accounting/batch.ts";
import { open } from "../../agent/accounting/envelope.ts";
import type { TestBox } from "../../agent/coordinator/box-testing.ts";
import { createWorld, type World } from "../../agent/coordinator/coordinator-testing.ts";
import { defaultIngestLimits, Ingest } from "../../agent/coordinator/ingest.ts";
import { createMqttLink } from "../../agent/coordinator/mqtt-link.ts";
import { type Part, runAll } from "../../agent/core/part.ts";
import { type Broker, hasMosquitto, startMosquitto } from "./mosquitto.ts";

const MIB = 1024 * 1024;
const directory = mkdtempSync(join(tmpdir(), "spareband-broker-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A worker's parts, and a promise for its being subscribed. */
function worker(world: World, broker: Broker) {
  const subscribed = Promise.withResolvers<void>();
  const ingest: Ingest = new Ingest({
    prepare: world.prepare,
    credit: world.credit,
    publishAck: (ack) => link.publish(ack.body.box, "ack", ack.bytes),
    limits: defaultIngestLimits,
    clock: world.clock,
    log: world.log,
  });
  const link = createMqttLink({
    url: broker.url,
    fleet: "test",
    group: "known-to-workers",
    credentials: { username: "coordinator", password: "word" },
    onMessage: (box, kind, payload) => (kind === "usage" ? ingest.offer(box, payload) : undefined),
    log: { ...world.log, info: () => subscribed.resolve() },
  });
  const parts: readonly Part[] = [ingest, link];
  return { ingest, parts, subscribed: subscribed.promise };
}

/** Publishes a box's records frame by frame until the last one is acked; returns what it was told. */
async function report(world: World, broker: Broker, box: TestBox, frames: readonly Uint8Array[]) {
  const username = box.key;
  const client = await connectAsync(broker.url, { protocolVersion: 5, username, password: "word" });
  const base = `spareband/v1/test/${box.key}`;
  await client.subscribeAsync(`${base}/ack`, { qos: 1 });
  const last = Promise.withResolvers<bigint>();
  const send = () => {
    for (const frame of frames) client.publish(`${base}/usage`, Buffer.from(frame), { qos: 1 });
  };
  client.on("message", (_topic, payload) => {
    const ack = open("ack", payload, { environment: "dev", signer: world.signer.publicKey });
    if (!ack.ok) return last.reject(new Error(ack.detail));
    if (ack.message.body.upTo === frames.length * 5) last.resolve(ack.message.body.creditedTotal);
  });
  send();
  const told = await last.promise;
  await client.endAsync();
  return told;
}

test.skipIf(!hasMosquitto)(
  "fault 39, needs mosquitto: frames are shared by two workers, and every record is paid once",
  async () => {
    const database = join(directory, "shared.sqlite");
    const one = createWorld({ database });
    const two = createWorld({ database, signer: one.signer, clock: one.clock });
    const boxes = Array.from({ length: 6 }, () => one.addBox());
    const users = Object.fromEntries(
      ["coordinator", ...boxes.map(({ key }) => key)].map((name) => [name, "word"]),
    );
    await using broker = await startMosquitto({ fleet: "test", users });
    const workers = [worker(one, broker), worker(two, broker)];
    const stop = new AbortController();
    const running = runAll(
      workers.flatMap(({ parts }) => parts),
      stop.signal,
    );
    await Promise.all(workers.map(({ subscribed }) => subscribed));

    const told = await Promise.all(
      boxes.map((box) => {
        const viewer = one.addViewer();
        const ticket = one.issue(box, viewer);
        const frames = Array.from({ length: 8 }, (_, frame) =>
          encodeBatch(
            Array.from({ length: 5 }, (_, n) => {
              const proven = (frame * 5 + n + 1) * MIB;
              return box.record({ ticket, viewer, proven, closeReason: "open" }).bytes;
            }),
          ),
        );
        return report(one, broker, box, frames);
      }),
    );
    stop.abort();
    await running;

    expect(told).toEqual(boxes.map(() => one.worth(40 * MIB)) as typeof told);
    expect(boxes.map((box) => two.earned(box))).toEqual(boxes.map(() => one.worth(40 * MIB)));
    const took = workers.map(({ ingest }) => ingest.figures.frames);
    expect(took.every((frames) => frames > 0)).toBe(true);
    expect(took.reduce((sum, frames) => sum + frames, 0)).toBe(48);
    const sound = { total: 0n, balances: 0n, unbalanced: 0n, drifted: 0n };
    expect(one.store.ledger.audit()).toEqual(sound);
  },
  60_000,
);
