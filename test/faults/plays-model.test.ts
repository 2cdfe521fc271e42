/**
 * What creators are paid, by random histories of deliveries, plays (early, late, short, repeated, in
 * parallel, of a title without bytes) and settlements: a play is paid once, never on bytes that others
 * stand on, and every token of it goes to a party of the split.
 */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { seal } from "../../agent/accounting/envelope.ts";
import type { Play } from "../../agent/accounting/messages.ts";
import type { TestBox } from "../../agent/coordinator/box-testing.ts";
import { createWorld, makeSplit, newSigner } from "../../agent/coordinator/coordinator-testing.ts";
import { createPlayOffice } from "../../agent/coordinator/plays.ts";
import { defaultPriceList } from "../../agent/coordinator/price-list.ts";
import { type Id, sha256, toHex } from "../../agent/core/encoding.ts";
import { bytes, milliseconds, unixSeconds } from "../../agent/core/units.ts";
import type { Signer } from "../../agent/identity/ed25519.ts";

const runs = Number(process.env.MODEL_RUNS ?? 40);
const KIB = 1024;
const DAY_MS = 86_400_000;
const PER_DAY = 5;

const nat = (max: number) => fc.nat(max);
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("deliver" as const),
      viewer: nat(2),
      title: nat(2),
      kib: nat(2_000),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("play" as const),
      viewer: nat(2),
      title: nat(2),
      seconds: fc.integer({ min: 25, max: 200 }),
      ago: fc.oneof(nat(120), nat(7_200)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("repeat" as const), play: nat(50) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("settle" as const),
      most: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("wait" as const), hours: fc.oneof(nat(2), nat(400)) }),
  },
);

function stage(seed: number) {
  const world = createWorld({ seed, policy: { maxPlaysPerTitleAndDay: PER_DAY } });
  const plays = createPlayOffice(world);
  const viewers = [0, 1, 2].map(() => world.addViewer());
  const parties = [1, 2, 3].map((many) =>
    Array.from({ length: many }, () => newSigner(world.random)),
  );
  const titles = parties.map((keys, at) => {
    const split = makeSplit(keys);
    const title = sha256(Buffer.from(`title ${at}`));
    const creator = keys[0]?.publicKey ?? world.signer.publicKey;
    const size = bytes(at * 700 * KIB);
    const named = {
      slug: `t${at}`,
      name: `T${at}`,
      kind: "music",
      creator,
      split: split.id,
    } as const;
    world.store.titles.addSplit(split.id, split.body, []);
    world.store.titles.add({
      title,
      ...named,
      manifest: new Uint8Array(),
      size,
      created_at: unixSeconds(1),
    });
    return { title, split: split.id, keys };
  });
  return { world, plays, viewers, titles, box: world.addBox() };
}

type Stage = ReturnType<typeof stage>;

function deliver(
  { world, box, viewers, titles }: Stage,
  at: { viewer: number; title: number; kib: number },
) {
  const [viewer, title] = [viewers[at.viewer] as Signer, titles[at.title]];
  if (!title || at.kib === 0) return;
  const ticket = world.issue(box as TestBox, viewer, { title: title.title, split: title.split });
  world.send(box, [box.record({ ticket, viewer, proven: at.kib * KIB })]);
}

/** Bytes that a viewer's qualified plays of a title stand on, and that were proven at all. */
function standing({ world }: Stage, viewer: Signer, title: Stage["titles"][number]) {
  const { plays, tickets } = world.store;
  const qualified = plays.qualified(viewer.publicKey, title.title, 0, 2 ** 40);
  const used = qualified.reduce((sum, play) => sum + play.needed_bytes, 0);
  const delivered = tickets.delivered(viewer.publicKey, title.title, 0, 2 ** 40);
  return {
    plays: qualified.length,
    bytes: used,
    proven: delivered.reduce((sum, ticket) => sum + ticket.bytes, 0),
  };
}

function check(on: Stage): void {
  const { world, viewers, titles } = on;
  for (const title of titles) {
    const all = viewers.map((viewer) => standing(on, viewer, title));
    for (const { bytes: used, proven } of all) expect(used).toBeLessThanOrEqual(proven);
    const qualified = all.reduce((sum, { plays }) => sum + plays, 0);
    const paid = title.keys
      .map(({ publicKey }) => world.store.ledger.balance({ kind: "creator", key: publicKey }))
      .reduce((sum, balance) => sum + balance, 0n);
    expect(paid).toBe(BigInt(qualified) * defaultPriceList.creatorsPerPlay);
  }
  const sound = { total: 0n, balances: 0n, unbalanced: 0n, drifted: 0n };
  expect(world.store.ledger.audit()).toEqual(sound);
}

test(`creators are paid for what was played and delivered, in ${runs} random histories`, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 80 }),
      nat(1e6),
      async (steps, seed) => {
        const on = stage(seed + 1);
        const sent: Uint8Array[] = [];
        for (const action of steps) {
          if (action.do === "deliver") deliver(on, action);
          else if (action.do === "settle") on.plays.settlePending(action.most);
          else if (action.do === "wait") await on.world.clock.advance((action.hours * DAY_MS) / 24);
          else if (action.do === "repeat") {
            const again = sent[action.play];
            if (again) on.plays.receive(again);
          } else {
            const viewer = on.viewers[action.viewer] as Signer;
            const body: Play = {
              id: toHex(on.world.random.bytes(16)) as Id,
              viewer: viewer.publicKey,
              title: on.titles[action.title]?.title ?? sha256(Buffer.from("none")),
              startedAt: unixSeconds(on.world.now() - action.ago),
              played: milliseconds(action.seconds * 1000),
            };
            const signed = seal("play", body, viewer, "dev").bytes;
            sent.push(signed);
            on.plays.receive(signed);
          }
        }
        check(on);
        on.world.store[Symbol.dispose]();
      },
    ),
    { numRuns: runs },
  );
}, 120_000);
