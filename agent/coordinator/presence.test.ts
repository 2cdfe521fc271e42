import { expect, test } from "bun:test";
import { seal } from "../accounting/envelope.ts";
import type { Hash } from "../core/encoding.ts";
import { bitsPerSecond, bytes, type UnixSeconds, unixSeconds } from "../core/units.ts";
import type { TestBox } from "./box-testing.ts";
import { createWorld, type World } from "./coordinator-testing.ts";
import { createPresence } from "./presence.ts";

const YEAR_S = 365 * 86_400;

function birthOf(box: TestBox, bootCounter: number, at: UnixSeconds) {
  const body = {
    box: box.key,
    generation: 0,
    sequence: 0,
    head: "0".repeat(64) as Hash,
    bootCounter,
    version: "0.1.0",
    device: "test",
    addresses: [],
    capacity: bytes(1),
    at,
  };
  return seal("birth", body, box.signer, "dev").bytes;
}

function reportOf(box: TestBox, rate: number, at: UnixSeconds) {
  const body = {
    box: box.key,
    sharing: true,
    rate: bitsPerSecond(rate),
    titles: [],
    blocked: [],
    at,
  };
  return seal("reported", body, box.signer, "dev").bytes;
}

function coordinatorOf(world: World) {
  const presence = createPresence({ ...world, mayEnrol: () => true });
  const box = world.addBox();
  const rate = () => world.store.boxes.get(box.key)?.rate;
  return { presence, box, rate };
}

test("of two reports the newer counts, in whatever order they come", () => {
  const world = createWorld();
  const { presence, box, rate } = coordinatorOf(world);
  presence.birth(box.key, birthOf(box, 1, world.now()));
  expect(presence.reported(box.key, reportOf(box, 7, world.now()))).toBe(true);
  const older = reportOf(box, 5, unixSeconds(world.now() - 60));
  expect(presence.reported(box.key, older)).toBe(false);
  expect(rate()).toBe(7);
});

test("a box that lost its clock is heard after its next start (fault 9)", () => {
  const world = createWorld();
  const { presence, box, rate } = coordinatorOf(world);
  presence.birth(box.key, birthOf(box, 1, world.now()));
  presence.reported(box.key, reportOf(box, 7, world.now()));
  for (const [boot, at] of [
    [2, 40],
    [3, world.now() - YEAR_S],
    [4, world.now() + YEAR_S],
  ] as const) {
    presence.birth(box.key, birthOf(box, boot, unixSeconds(at)));
    expect(presence.reported(box.key, reportOf(box, boot, unixSeconds(at + 1)))).toBe(true);
    expect(rate()).toBe(boot);
  }
  const latest = reportOf(box, 9, world.now());
  expect(presence.reported(box.key, latest)).toBe(true);
});
