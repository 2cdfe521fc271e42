/** Boxes, viewers and rings that want more than they earned: each tries it on the real verifier. */
import { describe, expect, test } from "bun:test";
import type { TestBox } from "../../agent/coordinator/box-testing.ts";
import { createWorld, newSigner, type World } from "../../agent/coordinator/coordinator-testing.ts";
import { createRingWatch } from "../../agent/coordinator/ring-watch.ts";
import { defaultRingRules } from "../../agent/coordinator/rings.ts";
import { bytes, megabitsPerSecond } from "../../agent/core/units.ts";
import type { Signer } from "../../agent/identity/ed25519.ts";

const MIB = 1024 * 1024;

function served(world: World, box: TestBox, viewer: Signer, mib: number) {
  const ticket = world.issue(box, viewer);
  return world.send(box, [box.record({ ticket, viewer, proven: mib * MIB })]);
}

describe("one key, two stories", () => {
  test("fault 11: two records with one number are kept as proof, and nothing more is paid", () => {
    const world = createWorld();
    const box = world.addBox();
    const viewer = world.addViewer();
    const ticket = world.issue(box, viewer);
    const other = box.write({ ticket, viewer, proven: 9 * MIB });
    const first = box.record({ ticket, viewer, proven: 3 * MIB });
    world.send(box, [first]);
    const [ack] = world.send(box, [other]).acks;
    expect(ack?.body).toMatchObject({ upTo: 1, head: first.hash, quarantine: "equivocation" });
    const [proof] = world.store.cases.about(box.key);
    expect(proof?.first).toEqual(Buffer.from(first.bytes));
    expect(proof?.second).toEqual(Buffer.from(other.bytes));
    const [later] = world.send(box, [box.record({ ticket, viewer, proven: 20 * MIB })]).acks;
    expect(later?.body).toMatchObject({ upTo: 1, quarantine: "equivocation" });
    expect(world.earned(box)).toBe(world.worth(3 * MIB));
  });

  test("fault 12: a cloned key forks its chain, and both devices are told why they are held", () => {
    const world = createWorld();
    const box = world.addBox();
    const viewer = world.addViewer();
    served(world, box, viewer, 5);
    const twin = box.clone();
    served(world, box, viewer, 6);
    const [toTwin] = served(world, twin, viewer, 7).acks;
    expect(toTwin?.body.quarantine).toBe("clone-suspected");
    const [toBox] = served(world, box, viewer, 8).acks;
    expect(toBox?.body.quarantine).toBe("clone-suspected");
    expect(world.earned(box)).toBe(world.worth(11 * MIB));
  });

  test("fault 12: a clone that goes on in the closed generation is seen by its newer ticket", async () => {
    const world = createWorld();
    const box = world.addBox();
    const viewer = world.addViewer();
    served(world, box, viewer, 5);
    const twin = box.clone();
    await world.clock.advance(1_000);
    box.newGeneration();
    served(world, box, viewer, 1);
    await world.clock.advance(1_000);
    const [ack] = served(world, twin, viewer, 50).acks;
    expect(ack?.body).toMatchObject({ generation: 0, quarantine: "clone-suspected" });
    expect(world.earned(box)).toBe(world.worth(6 * MIB));
  });

  test("records that were on their way when a new generation began are still paid", async () => {
    const world = createWorld();
    const box = world.addBox();
    const viewer = world.addViewer();
    const ticket = world.issue(box, viewer);
    const late = box.record({ ticket, viewer, proven: 5 * MIB });
    await world.clock.advance(1_000);
    box.newGeneration();
    served(world, box, viewer, 1);
    expect(world.send(box, [late]).paid).toBe(1);
    expect(world.quarantineOf(box)).toBeUndefined();
  });
});

describe("more than was sent", () => {
  test("fault 25: a viewer that leaves without signing is struck by each box it left", () => {
    const world = createWorld();
    const viewer = world.addViewer();
    for (const box of [world.addBox(), world.addBox(), world.addBox()]) {
      const ticket = world.issue(box, viewer);
      const record = box.record({ ticket, viewer, wire: 8 * MIB, closeReason: "window-exceeded" });
      expect(world.send(box, [record]).acks[0]?.body.refused).toEqual([
        { sequence: 1, code: "nothing-proven" },
      ]);
      expect(world.earned(box)).toBe(0n);
    }
    expect(world.store.trust.strikes(viewer.publicKey, 0)).toBe(world.policy.viewerStrikes);
  });

  test("fault 26: signed bytes beyond the wire bytes are cut to them, and flagged", () => {
    const world = createWorld();
    const box = world.addBox();
    const viewer = world.addViewer();
    const ticket = world.issue(box, viewer);
    const record = box.record({ ticket, viewer, proven: 200 * MIB, wire: 3 * MIB });
    expect(world.send(box, [record]).acks[0]?.body.refused).toEqual([
      { sequence: 1, code: "over-wire" },
    ]);
    expect(world.earned(box)).toBe(world.worth(3 * MIB));
    expect(world.store.cases.about(box.key)).toHaveLength(1);
  });

  test("fault 26: colluders cannot claim more than the line carries in the time they claim", () => {
    const world = createWorld({ policy: { maxUplink: megabitsPerSecond(8) } });
    const box = world.addBox();
    const viewer = world.addViewer();
    const ticket = world.issue(box, viewer);
    const record = box.record(
      { ticket, viewer, proven: 256 * MIB, elapsed: 10_000 },
      {
        ended: 10_000 as never,
      },
    );
    const [ack] = world.send(box, [record]).acks;
    expect(ack?.body.refused).toEqual([{ sequence: 1, code: "over-rate" }]);
    expect(world.earned(box)).toBe(world.worth(12_000_000));
  });

  test("fault 26: nor more in all than the line carries since the box enrolled, however many tickets", async () => {
    const world = createWorld({ policy: { maxUplink: megabitsPerSecond(8) } });
    const box = world.addBox();
    for (let hour = 0; hour < 10; hour++) {
      const viewer = world.addViewer();
      const ticket = world.issue(box, viewer);
      const claim = { ticket, viewer, proven: 256 * MIB, elapsed: 7_200_000 };
      world.send(box, [box.record(claim, { ended: 7_200_000 as never })]);
      await world.clock.advance(10_000);
    }
    const most = (90 + 60) * 1_000_000;
    expect(Number(world.earned(box))).toBeLessThanOrEqual(Number(world.worth(most)));
    expect(world.store.boxes.get(box.key)?.credited_bytes).toBeLessThanOrEqual(most);
  });

  test("fault 26: a deployment whose lines are slower says so, and pays no more", () => {
    const world = createWorld({ policy: { maxUplink: megabitsPerSecond(1) } });
    const box = world.addBox();
    served(world, box, world.addViewer(), 100);
    expect(world.earned(box)).toBe(world.worth(7_500_000));
  });

  test("fault 27: what nobody signed for is not paid, whatever was sent", () => {
    const world = createWorld();
    const box = world.addBox();
    const viewer = world.addViewer();
    const ticket = world.issue(box, viewer);
    world.send(box, [box.record({ ticket, viewer, wire: 250 * MIB })]);
    expect(world.store.ledger.size()).toBe(0);
  });
});

describe("paying oneself", () => {
  test("fault 28: box and viewer of one wallet, one device or one public address are not paid", () => {
    const world = createWorld();
    const wallet = newSigner(world.random);
    const box = world.addBox(wallet);
    const sibling = world.addBox(wallet);
    const neighbour = world.addViewer();
    world.store.trust.see(box.key, "net", world.now());
    world.store.trust.see(neighbour.publicKey, "net", world.now());
    for (const viewer of [wallet, sibling.signer, neighbour]) {
      const [ack] = served(world, box, viewer, 10).acks;
      expect(ack?.body.refused.at(-1)?.code).toBe("same-household");
    }
    expect(world.store.ledger.size()).toBe(0);
  });

  test("fault 28: a carrier's address that many boxes share is no household", () => {
    const world = createWorld();
    const boxes = Array.from({ length: 9 }, () => world.addBox());
    const viewer = world.addViewer();
    for (const key of [viewer.publicKey, ...boxes.map((box) => box.key)]) {
      world.store.trust.see(key, "carrier", world.now());
    }
    const [box] = boxes;
    if (!box) throw new Error("nine boxes were made");
    expect(served(world, box, viewer, 10).paid).toBe(1);
  });

  test("fault 29: a ring of 50 is capped each day, found, and then not paid at all", () => {
    const world = createWorld({
      policy: { pairBytesPerDay: bytes(64 * MIB), viewerBytesPerDay: bytes(512 * MIB) },
    });
    const ring = Array.from({ length: 50 }, () => world.addBox());
    const anyOf = <T>(list: readonly T[]) =>
      list[Math.floor(world.random.unit() * list.length)] as T;
    for (const box of ring) {
      for (let turn = 0; turn < 10; turn++) {
        const member = anyOf(ring);
        if (member !== box) served(world, box, member.signer, 200);
      }
    }
    // The rest of the network, as the coordinator's draw spreads it; their records are not the point.
    const keys = (count: number) =>
      Array.from({ length: count }, () => newSigner(world.random).publicKey);
    const [honest, viewers] = [keys(1_000), keys(500)];
    const today = Math.floor(world.now() / 86_400);
    for (const viewer of viewers) {
      for (let turn = 0; turn < 20; turn++) {
        world.store.tickets.addUsage(today, viewer, anyOf(honest), 50 * MIB);
      }
    }
    const perMember = world.earned(ring[0] as TestBox);
    expect(perMember).toBeLessThanOrEqual(world.worth(10 * 64 * MIB));

    const { store, clock, log } = world;
    const rules = { ...defaultRingRules, minBytes: 100 * MIB };
    expect(createRingWatch({ store, clock, log, rules }).look()).toBe(1);
    for (const box of ring) {
      expect(store.cases.about(box.key).map(({ code }) => code)).toContain("ring-suspected");
    }
    expect(honest.flatMap((box) => store.cases.about(box))).toEqual([]);

    const before = world.earned(ring[0] as TestBox);
    const [ack] = served(world, ring[0] as TestBox, (ring[20] as TestBox).signer, 100).acks;
    expect(ack?.body.refused.at(-1)?.code).toBe("ring-suspected");
    expect(world.earned(ring[0] as TestBox)).toBe(before);
  });
});
