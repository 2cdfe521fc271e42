import { expect, test } from "bun:test";
import { createWorld } from "../coordinator-testing.ts";

const MIB = 1024 * 1024;

test("a proven delivery moves its price from payer to household and platform, and is acked", () => {
  const world = createWorld();
  const box = world.addBox();
  const viewer = world.addViewer();
  const ticket = world.issue(box, viewer);
  const record = box.record({ ticket, viewer, proven: 100 * MIB });
  const { acks, paid } = world.send(box, [record]);
  expect(paid).toBe(1);
  expect(acks[0]?.body).toMatchObject({
    box: box.key,
    generation: 0,
    upTo: 1,
    head: record.hash,
    refused: [],
    creditedTotal: 100_000n,
  });
  expect(world.earned(box)).toBe(100_000n);
  const { platform, payer } = Object.fromEntries<bigint>(world.store.ledger.sums());
  expect(platform).toBe(10_000n);
  expect(payer).toBe(-110_000n);
  expect(world.store.ledger.audit()).toEqual({
    total: 0n,
    balances: 0n,
    unbalanced: 0n,
    drifted: 0n,
  });
});

test("records of one ticket are cumulative: only the rise is paid", () => {
  const world = createWorld();
  const box = world.addBox();
  const viewer = world.addViewer();
  const ticket = world.issue(box, viewer);
  const records = [10, 25, 20, 25, 60].map((mib) =>
    box.record({ ticket, viewer, proven: mib * MIB, closeReason: "open" }),
  );
  world.send(box, records.slice(0, 2));
  world.send(box, records.slice(2));
  expect(world.earned(box)).toBe(60_000n);
});

test("boxes in one commit do not disturb one another", () => {
  const world = createWorld();
  const viewer = world.addViewer();
  const boxes = [world.addBox(), world.addBox(), world.addBox()];
  const batches = boxes.map((box, index) => {
    const ticket = world.issue(box, viewer);
    const record = box.record({ ticket, viewer, proven: (index + 1) * MIB });
    return { box: box.key, records: [world.prepare(record.bytes, box.key)] };
  });
  const outcomes = world.credit(batches);
  expect(outcomes.map(({ paid }) => paid)).toEqual([1, 1, 1]);
  expect(boxes.map((box) => world.earned(box))).toEqual([1_000n, 2_000n, 3_000n]);
});

test("a box that nobody enrolled gets no ack and no credit", () => {
  const world = createWorld();
  const stranger = createWorld({ seed: 2 }).addBox();
  const viewer = world.addViewer();
  const ticket = world.issue(stranger, viewer);
  const { acks } = world.send(stranger, [stranger.record({ ticket, viewer, proven: MIB })]);
  expect(acks).toEqual([]);
  expect(world.store.ledger.size()).toBe(0);
});
