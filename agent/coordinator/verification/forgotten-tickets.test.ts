import { expect, test } from "bun:test";
import { createWorld } from "../coordinator-testing.ts";

const MIB = 1024 * 1024;
const DAY_S = 86_400;

test("a ticket that nobody used is forgotten, and its late record is paid all the same, once", async () => {
  const world = createWorld();
  const box = world.addBox();
  const viewer = world.addViewer();
  const [early, late] = [world.issue(box, viewer), world.issue(box, viewer)];
  world.send(box, [box.record({ ticket: early, viewer, proven: MIB, closeReason: "open" })]);
  const held = box.record({ ticket: late, viewer, proven: MIB });
  // Prepared before: what is remembered of a ticket must not outlive it.
  world.prepare(held.bytes, box.key);
  await world.clock.advance(3 * DAY_S * 1000);

  expect(world.store.tickets.forgetUnused(world.now() - DAY_S, 100)).toBe(1);
  expect(world.store.tickets.get(late.hash)).toBeUndefined();
  world.send(box, [held]);
  world.send(box, [held]);
  world.send(box, [box.record({ ticket: early, viewer, proven: 2 * MIB })]);
  expect(world.earned(box)).toBe(world.worth(3 * MIB));
  expect(world.store.tickets.forgetUnused(world.now() - DAY_S, 100)).toBe(0);
});

test("of many only so many at once, and none that may still be used", () => {
  const world = createWorld();
  const [box, viewer] = [world.addBox(), world.addViewer()];
  for (let issued = 0; issued < 5; issued++) world.issue(box, viewer);
  expect(world.store.tickets.forgetUnused(world.now(), 100)).toBe(0);
  expect(world.store.tickets.forgetUnused(world.now() + DAY_S, 3)).toBe(3);
  expect(world.store.tickets.forgetUnused(world.now() + DAY_S, 3)).toBe(2);
});
