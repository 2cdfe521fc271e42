/** However many titles were taken down, every box hears of those it holds, in a message that stays small. */
import { expect, test } from "bun:test";
import { seal } from "../accounting/envelope.ts";
import { type Hash, type PublicKey, sha256 } from "../core/encoding.ts";
import { bitsPerSecond, bytes, unixSeconds } from "../core/units.ts";
import { createBoxConversation } from "./box-conversation.ts";
import { createWorld } from "./coordinator-testing.ts";
import { createFleet } from "./fleet.ts";
import { defaultPlacementRules } from "./placement.ts";
import { createPresence } from "./presence.ts";
import { createReachCheck } from "./reach.ts";

const TAKEN = 5_000;
const titleOf = (n: number) => sha256(Buffer.from(`title ${n}`));

function fleetWithTakedowns() {
  const world = createWorld();
  const { store } = world;
  store.transaction(() => {
    for (let n = 0; n < TAKEN; n++) {
      store.titles.add({
        title: titleOf(n),
        slug: `title-${n}`,
        name: `Title ${n}`,
        kind: "files",
        creator: "c".repeat(64) as PublicKey,
        manifest: new Uint8Array(),
        size: bytes(1),
        split: "0".repeat(64) as Hash,
        created_at: unixSeconds(1),
      });
      store.titles.takeDown(titleOf(n), `notice ${n}`, unixSeconds(1_000 + n));
    }
  });
  const fleet = createFleet({ ...world, rules: defaultPlacementRules });
  const told: PublicKey[] = [];
  const conversation = createBoxConversation({
    ...world,
    presence: createPresence({ ...world, mayEnrol: () => true }),
    fleet,
    reach: createReachCheck({ ...world, probe: undefined, changed: () => {} }),
    publish: (box, kind) => {
      if (kind === "desired") told.push(box);
    },
  });
  const box = world.addBox();
  const report = (...titles: readonly Hash[]) => {
    const body = {
      box: box.key,
      sharing: true,
      rate: bitsPerSecond(1),
      titles: titles.map((title) => ({ title, permille: 0 })),
      blocked: [],
      at: world.now(),
    };
    conversation.hear(box.key, "reported", seal("reported", body, box.signer, "dev").bytes);
  };
  return { world, fleet, box, report, told };
}

test("a box that comes back with what was taken down long ago is told at its report", () => {
  const { fleet, box, report, told } = fleetWithTakedowns();
  const old = titleOf(0);
  expect(fleet.desired(box.key)?.body.takedowns).not.toContain(old);
  report(old, sha256(Buffer.from("another")));
  expect(told).toEqual([box.key]);
  expect(fleet.desired(box.key)?.body.takedowns[0]).toBe(old);
  report(sha256(Buffer.from("another")));
  expect(told).toEqual([box.key]);
});

test("the newest takedowns are told to all, who may be fetching them", () => {
  const { fleet, box } = fleetWithTakedowns();
  const { takedowns } = fleet.desired(box.key)?.body ?? {};
  expect(takedowns).toHaveLength(1_024);
  expect(takedowns?.[0]).toBe(titleOf(TAKEN - 1));
});

test("the operator's list comes in pages, newest first, and a second notice keeps the first time", () => {
  const { world } = fleetWithTakedowns();
  world.store.titles.takeDown(titleOf(0), "again", unixSeconds(9_000_000));
  const seen = [0, 2_000, 4_000].flatMap((from) => world.store.titles.takedowns(2_000, from));
  expect(new Set(seen.map(({ title }) => title)).size).toBe(TAKEN);
  expect(seen.at(-1)).toEqual({ title: titleOf(0), reason: "again", at: unixSeconds(1_000) });
});

test("a store that was restored to an older state is still heard", async () => {
  const { world, fleet, box } = fleetWithTakedowns();
  const versionNow = () => fleet.desired(box.key)?.body.version ?? 0;
  const before = [versionNow(), versionNow(), versionNow()];
  expect(new Set(before).size).toBe(3);
  await world.clock.advance(60_000);
  const restored = fleetWithTakedowns();
  await restored.world.clock.advance(60_000);
  const after = restored.fleet.desired(restored.box.key)?.body.version ?? 0;
  expect(after).toBeGreaterThan(Math.max(...before));
});
