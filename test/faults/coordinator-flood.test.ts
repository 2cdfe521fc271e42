/** Floods of frames, records and items: bounded memory, and others are not affected (fault 32). */
import { describe, expect, test } from "bun:test";
import { encodeBatch } from "../../agent/accounting/batch.ts";
import { createWorld, newSigner } from "../../agent/coordinator/coordinator-testing.ts";
import { defaultIngestLimits, Ingest } from "../../agent/coordinator/ingest.ts";

const MIB = 1024 * 1024;

describe("fault 32: a flood", () => {
  const flooded = () => {
    const world = createWorld();
    const acked: string[] = [];
    const ingest = new Ingest({
      prepare: world.prepare,
      credit: world.credit,
      publishAck: (ack) => acked.push(ack.body.box),
      limits: { ...defaultIngestLimits, queueBytes: 1_000_000, queueBytesPerBox: 300_000 },
      clock: world.clock,
      log: world.log,
    });
    return { world, ingest, acked };
  };

  test("from one box loses only that box's frames; another's record is still credited", () => {
    const { world, ingest, acked } = flooded();
    const liar = world.addBox();
    const honest = world.addBox();
    const viewer = world.addViewer();
    const rubbish = new Uint8Array(100_000).fill(0x9f);
    for (let frame = 0; frame < 10_000; frame++) ingest.offer(liar.key, rubbish);
    expect(ingest.figures.throttled).toBeGreaterThan(9_990);
    const ticket = world.issue(honest, viewer);
    const record = honest.record({ ticket, viewer, proven: MIB });
    ingest.offer(honest.key, encodeBatch([record.bytes]));
    ingest.creditWaiting();
    expect(acked).toEqual([honest.key]);
    expect(ingest.figures.malformed).toBe(3);
  });

  test("from many boxes fills a bounded queue and then holds the broker back", () => {
    const { world, ingest } = flooded();
    const frame = new Uint8Array(100_000);
    const boxes = Array.from({ length: 100 }, () => newSigner(world.random).publicKey);
    const waits = boxes.map((box) => ingest.offer(box, frame)).filter((wait) => wait !== undefined);
    expect(waits).toHaveLength(90);
    ingest.creditWaiting();
    return Promise.all(waits);
  });

  test("of records with huge gaps keeps a bounded number, and asks for the first missing one", () => {
    const world = createWorld({ policy: { maxHeld: 100 } });
    const box = world.addBox();
    const viewer = world.addViewer();
    const ticket = world.issue(box, viewer);
    const first = box.record({ ticket, viewer, proven: MIB });
    const later = Array.from({ length: 500 }, () => box.record({ ticket, viewer, proven: MIB }));
    const [ack] = world.send(box, later).acks;
    expect(ack?.body).toMatchObject({ upTo: 0, resendFrom: 1 });
    expect(world.store.records.heldCount(world.store.boxes.get(box.key)?.id ?? 0)).toBe(100);
    expect(world.send(box, [first]).acks[0]?.body.upTo).toBe(101);
    expect(world.send(box, later).acks[0]?.body.upTo).toBe(501);
  });

  test("of frames with a million items or deep nesting is refused at its first bytes", () => {
    const { world, ingest } = flooded();
    const box = world.addBox();
    const million = new Uint8Array([
      0x9a,
      0x00,
      0x0f,
      0x42,
      0x40,
      ...new Uint8Array(1_000).fill(0x40),
    ]);
    const nested = new Uint8Array(100_000).fill(0x81);
    for (const frame of [million, nested]) ingest.offer(box.key, frame);
    ingest.creditWaiting();
    expect(ingest.figures).toMatchObject({ malformed: 2, records: 0 });
  });
});
