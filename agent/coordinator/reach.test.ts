import { describe, expect, test } from "bun:test";
import { FakeClock } from "../core/fake-clock.ts";
import { bytes, unixSeconds } from "../core/units.ts";
import { createWorld } from "./coordinator-testing.ts";
import { createFleet } from "./fleet.ts";
import { defaultPlacementRules } from "./placement.ts";
import { createReachCheck, reachedOf } from "./reach.ts";
import type { ReachTarget } from "./reach-probe.ts";

const V6 = "http://[2a02:8100::7]:7411";
const MAPPED = "http://45.45.45.45:7411";
const MINUTE = 60_000;

function watch() {
  const world = createWorld();
  const clock = new FakeClock();
  const { store } = world;
  const box = world.addBox().key;
  const answering = new Set<string>();
  const asked: ReachTarget[] = [];
  const told: (boolean | undefined)[] = [];
  const fleet = createFleet({ ...world, rules: defaultPlacementRules });
  const word = () => fleet.desired(box)?.body.reachable;
  const reach = createReachCheck({
    store,
    probe: async (target) => {
      asked.push(target);
      return answering.has(target.url);
    },
    changed: (whom) => told.push(whom === box ? word() : undefined),
    clock,
    log: world.log,
  });
  const note = (addresses: readonly string[]) =>
    store.boxes.noteBirth({
      ...{ key: box, wallet: box, bootCounter: 1, capacity: bytes(1), device: "", version: "" },
      addresses,
      at: unixSeconds(1),
    });
  const settle = () => clock.advance(0);
  return {
    ...{ reach, answering, asked, told, clock, word, store, box, settle },
    announce: async (...addresses: readonly string[]) => {
      note(addresses);
      reach.announced(box, addresses);
      await settle();
    },
    minutes: async (count: number) => {
      for (let minute = 0; minute < count; minute++) {
        await clock.advance(MINUTE);
        reach.recheck();
        await settle();
      }
    },
    reached: () => {
      const row = store.boxes.get(box);
      return row && reachedOf(row);
    },
  };
}

describe("a box that announces itself", () => {
  test("is asked at each address as this box, and keeps all that answered, in its order", async () => {
    const w = watch();
    w.answering.add(V6).add(MAPPED);
    await w.announce(V6, "http://192.168.1.20:7411", MAPPED);
    expect(w.asked.every(({ box }) => box === w.box)).toBe(true);
    expect(w.reached()).toEqual([V6, MAPPED]);
    expect(w.told).toEqual([true]);
  });

  test("is told when nothing answered, and nothing before that is known", async () => {
    const w = watch();
    expect(w.word()).toBeUndefined();
    await w.announce(MAPPED);
    expect(w.reached()).toEqual([]);
    expect(w.told).toEqual([false]);
  });

  test("is asked anew when an address changed, and not reached under the old one meanwhile", async () => {
    const w = watch();
    w.answering.add(MAPPED);
    await w.announce(MAPPED);
    const moved = MAPPED.replace("7411", "8411");
    const pending = w.announce(moved);
    expect(w.reached()).toBeUndefined();
    await pending;
    expect(w.told).toEqual([true, false]);
  });

  test("is not asked after it took its addresses back", async () => {
    const w = watch();
    w.answering.add(MAPPED);
    await w.announce(MAPPED);
    await w.announce();
    expect(w.word()).toBeUndefined();
    const before = w.asked.length;
    await w.minutes(60);
    expect(w.asked.length).toBe(before);
  });
});

test("a silent box is asked every five minutes, an answering one every thirty, one that left never", async () => {
  const w = watch();
  await w.announce(MAPPED);
  await w.minutes(15);
  expect(w.asked.length).toBe(4);
  w.answering.add(MAPPED);
  await w.minutes(5);
  expect(w.told).toEqual([false, true]);
  await w.minutes(60);
  expect(w.asked.length).toBe(7);
  w.answering.clear();
  await w.minutes(30);
  expect(w.told).toEqual([false, true, false]);
  w.store.boxes.setOnline(w.box, false, unixSeconds(2));
  const before = w.asked.length;
  await w.minutes(60);
  expect(w.asked.length).toBe(before);
});
