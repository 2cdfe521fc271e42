import { expect, test } from "bun:test";
import { encodeBatch } from "../accounting/batch.ts";
import type { Ack, Sealed } from "../accounting/messages.ts";
import { createWorld } from "./coordinator-testing.ts";
import { defaultIngestLimits, Ingest, type IngestLimits } from "./ingest.ts";

const MIB = 1024 * 1024;

function line(limits: Partial<IngestLimits> = {}) {
  const world = createWorld();
  const acks: Ack[] = [];
  let connected = true;
  const ingest = new Ingest({
    prepare: world.prepare,
    credit: world.credit,
    publishAck: (ack: Sealed<"ack">) => {
      if (!connected) throw new Error("the broker is not connected");
      acks.push(ack.body);
    },
    limits: { ...defaultIngestLimits, ...limits },
    clock: world.clock,
    log: world.log,
  });
  const disconnect = () => {
    connected = false;
  };
  return { world, ingest, acks, disconnect };
}

const settled = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
};

test("frames of several boxes are credited in one commit and acked each", async () => {
  const { world, ingest, acks } = line();
  const viewer = world.addViewer();
  const stop = new AbortController();
  const running = ingest.run(stop.signal);
  for (const box of [world.addBox(), world.addBox(), world.addBox()]) {
    const ticket = world.issue(box, viewer);
    ingest.offer(box.key, encodeBatch([box.record({ ticket, viewer, proven: MIB }).bytes]));
  }
  await settled();
  expect(acks.map(({ upTo }) => upTo)).toEqual([1, 1, 1]);
  expect(ingest.figures).toMatchObject({ frames: 3, records: 3, paid: 3, commits: 1 });
  stop.abort();
  await running;
});

test("what was taken in before a stop is credited before the part ends", async () => {
  const { world, ingest } = line();
  const box = world.addBox();
  const viewer = world.addViewer();
  const ticket = world.issue(box, viewer);
  const stop = new AbortController();
  const running = ingest.run(stop.signal);
  stop.abort();
  ingest.offer(box.key, encodeBatch([box.record({ ticket, viewer, proven: MIB }).bytes]));
  await running;
  expect(world.earned(box)).toBe(world.worth(MIB));
});

test("an ack that cannot be sent undoes nothing: the same frame again gets it", async () => {
  const { world, ingest, disconnect } = line();
  const box = world.addBox();
  const viewer = world.addViewer();
  const ticket = world.issue(box, viewer);
  const frame = encodeBatch([box.record({ ticket, viewer, proven: MIB }).bytes]);
  disconnect();
  ingest.offer(box.key, frame);
  ingest.creditWaiting();
  expect(world.earned(box)).toBe(world.worth(MIB));
  expect(world.logged).toEqual([expect.stringContaining("ack not published")]);
  const row = world.store.boxes.get(box.key);
  expect(world.store.statements.lastAck(row?.id ?? 0)).toBeDefined();
});

test("a box within its limits is never dropped, however long it talks", async () => {
  const { world, ingest } = line({ framesPerSecondPerBox: 2 });
  const box = world.addBox();
  const frame = encodeBatch([]);
  for (let second = 0; second < 100; second++) {
    ingest.offer(box.key, frame);
    ingest.offer(box.key, frame);
    ingest.creditWaiting();
    await world.clock.advance(1_000);
  }
  expect(ingest.figures).toMatchObject({ frames: 200, throttled: 0 });
});
