/** Who is sent where: tickets, births, reports and complaints, on the real store. */
import { describe, expect, test } from "bun:test";
import { seal } from "../../agent/accounting/envelope.ts";
import type { Birth, TicketRequest } from "../../agent/accounting/messages.ts";
import type { TestBox } from "../../agent/coordinator/box-testing.ts";
import {
  createWorld,
  makeSplit,
  newSigner,
  TEST_TITLE,
  type World,
  type WorldOptions,
} from "../../agent/coordinator/coordinator-testing.ts";
import { createFleet } from "../../agent/coordinator/fleet.ts";
import { defaultPlacementRules } from "../../agent/coordinator/placement.ts";
import { createPresence } from "../../agent/coordinator/presence.ts";
import { createTicketOffice } from "../../agent/coordinator/tickets.ts";
import { NO_HASH } from "../../agent/coordinator/verification/chain.ts";
import { type Hash, type Id, toHex } from "../../agent/core/encoding.ts";
import { bytes, unixSeconds } from "../../agent/core/units.ts";
import type { Signer } from "../../agent/identity/ed25519.ts";

const MIB = 1024 * 1024;

function market(options: WorldOptions = {}) {
  const world = createWorld(options);
  const presence = createPresence({ ...world, mayEnrol: () => true });
  const grant = createTicketOffice({
    ...world,
    priceList: 1,
    originAddresses: ["http://origin"],
    checksReach: false,
  });
  const fleet = createFleet({ ...world, rules: defaultPlacementRules });
  const split = makeSplit([newSigner(world.random)]);
  world.store.titles.addSplit(split.id, split.body, []);
  world.store.titles.add({
    title: TEST_TITLE,
    slug: "film",
    name: "Film",
    kind: "video",
    creator: split.body.parties[0]?.key as never,
    manifest: new Uint8Array(1),
    size: bytes(100 * MIB),
    split: split.id,
    created_at: world.now(),
  });
  world.store.titles.setComplete(TEST_TITLE, true);
  return { ...world, presence, grant, placing: fleet };
}

type Market = ReturnType<typeof market>;

function birth(world: World, box: TestBox, change: Partial<Birth> = {}) {
  const body: Birth = {
    box: box.key,
    generation: 0,
    sequence: 0,
    head: NO_HASH,
    bootCounter: 1,
    version: "1",
    device: "test",
    addresses: [`http://${box.key.slice(0, 8)}`],
    capacity: bytes(1e9),
    at: world.now(),
    ...change,
  };
  return seal("birth", body, box.signer, "dev").bytes;
}

/** A box that is online, shares and holds the title. */
function sharing(m: Market, titles: readonly Hash[] = [TEST_TITLE]): TestBox {
  const box = m.addBox();
  m.presence.birth(box.key, birth(m, box));
  const body = {
    box: box.key,
    sharing: true,
    rate: 10_000_000,
    titles: titles.map((title) => ({ title, permille: 1_000 })),
    blocked: [],
    at: m.now(),
  };
  m.presence.reported(box.key, seal("reported", body, box.signer, "dev").bytes);
  return box;
}

function request(m: Market, viewer: Signer, change: Partial<TicketRequest> = {}): Uint8Array {
  const body: TicketRequest = {
    viewer: viewer.publicKey,
    title: TEST_TITLE,
    boxes: 8,
    avoid: [],
    nonce: toHex(m.random.bytes(16)) as Id,
    at: m.now(),
    ...change,
  };
  return seal("ticket-request", body, viewer, "dev").bytes;
}

function ask(m: Market, viewer: Signer, change: Partial<TicketRequest> = {}, network?: string) {
  const granted = m.grant(request(m, viewer, change), network);
  if (!granted.ok) throw new Error(granted.code);
  return granted.boxes.map(({ ticket }) => ticket.body.box);
}

describe("tickets", () => {
  test("where reach is checked, name boxes that answered, with all that answered, and no other", () => {
    const m = market();
    const [unasked, silent, reached] = [sharing(m), sharing(m), sharing(m)];
    const answered = ["http://[2a02:8100::7]:7411", "http://45.45.45.45:8411"];
    m.store.boxes.setReachable(silent.key, []);
    m.store.boxes.setReachable(reached.key, answered);
    const grant = createTicketOffice({
      ...m,
      priceList: 1,
      originAddresses: ["http://origin"],
      checksReach: true,
    });
    const granted = grant(request(m, newSigner(m.random)), undefined);
    if (!granted.ok) throw new Error(granted.code);
    expect(granted.boxes.map(({ ticket }) => ticket.body.box)).toEqual([reached.key]);
    expect(granted.boxes[0]?.addresses).toEqual(answered);
    expect(m.placing.desired(silent.key)?.body.reachable).toBe(false);
    expect(m.placing.desired(reached.key)?.body.reachable).toBe(true);
    expect(m.placing.desired(unasked.key)?.body).not.toHaveProperty("reachable");
  });

  test("name boxes that share the title now, within the protocol's limits", () => {
    const m = market();
    const boxes = [sharing(m), sharing(m)];
    sharing(m, []);
    expect(ask(m, m.addViewer()).sort()).toEqual(boxes.map(({ key }) => key).sort());
  });

  test("are not for boxes that went, are held back, or are the viewer's own", () => {
    const m = market();
    const [gone, held, near, good] = [sharing(m), sharing(m), sharing(m), sharing(m)];
    m.presence.state(gone.key, Buffer.from("offline 1"));
    m.store.boxes.quarantine(m.store.boxes.get(held.key)?.id ?? 0, "equivocation");
    m.store.trust.see(near.key, "home", m.now());
    expect(ask(m, m.addViewer(), {}, "home")).toEqual([good.key]);
  });

  test("a box whose clock was years ahead is heard again once it is set", () => {
    const m = market();
    const box = sharing(m);
    const report = (ahead: number, shares: boolean) => {
      const at = unixSeconds(m.now() + ahead);
      const body = { box: box.key, sharing: shares, rate: 1, titles: [], blocked: [], at };
      return m.presence.reported(box.key, seal("reported", body, box.signer, "dev").bytes);
    };
    expect(report(10 * 365 * 86_400, true)).toBe(true);
    expect(report(0, false)).toBe(true);
    expect(m.store.boxes.get(box.key)?.sharing).toBe(0);
    expect(report(-1, true)).toBe(false);
  });

  test("an old will of an earlier boot does not take a box away", () => {
    const m = market();
    const box = sharing(m);
    m.presence.birth(box.key, birth(m, box, { bootCounter: 2 }));
    m.presence.state(box.key, Buffer.from("offline 1"));
    expect(ask(m, m.addViewer())).toEqual([box.key]);
  });

  test("fault 27: a box that garbles loses its viewers, and with enough of them its placement", async () => {
    const m = market();
    const bad = sharing(m);
    const complain = [{ box: bad.key, reason: "garbled" as const }];
    for (let viewers = 0; viewers < m.policy.garbledViewers; viewers++) {
      const viewer = m.addViewer();
      expect(ask(m, viewer)).toEqual([bad.key]);
      expect(ask(m, viewer, { avoid: complain })).toEqual([]);
    }
    expect(ask(m, m.addViewer())).toEqual([]);
    const good = sharing(m);
    m.placing.place();
    const placed = (box: TestBox) => m.store.boxes.placements(m.store.boxes.get(box.key)?.id ?? 0);
    expect(placed(bad)).toEqual([]);
    expect(placed(good)).toEqual([TEST_TITLE]);
  });

  test("complaints of viewers that never had a ticket for the box count nothing", () => {
    const m = market();
    const box = sharing(m);
    for (let liars = 0; liars < 10; liars++) {
      const viewer = m.addViewer();
      ask(m, viewer, { title: TEST_TITLE, avoid: [{ box: box.key, reason: "garbled" }], boxes: 1 });
    }
    expect(ask(m, m.addViewer())).toEqual([box.key]);
  });

  test("fault 25: a viewer that three boxes struck is refused", () => {
    const m = market();
    const viewer = m.addViewer();
    for (const box of [sharing(m), sharing(m), sharing(m)]) {
      m.store.trust.strike(viewer.publicKey, box.key, m.now());
    }
    expect(() => ask(m, viewer)).toThrow("viewer-refused");
  });

  test("where only placed titles count, a box cannot offer itself for another", () => {
    const m = market({ policy: { onlyPlaced: true } });
    const box = sharing(m);
    expect(ask(m, m.addViewer())).toEqual([]);
    m.placing.place();
    expect(ask(m, m.addViewer())).toEqual([box.key]);
  });
});

describe("births", () => {
  test("name the certificate's key that tickets for the box then name, until it serves without TLS", () => {
    const m = market();
    const box = sharing(m);
    const keyInTicket = () => {
      const viewer = m.addViewer();
      const granted = m.grant(request(m, viewer), undefined);
      return granted.ok ? granted.boxes[0]?.ticket.body.tlsKey : undefined;
    };
    const [first, renewed] = ["1".repeat(64) as Hash, "2".repeat(64) as Hash];
    expect(keyInTicket()).toBeUndefined();
    for (const tlsKey of [first, renewed]) {
      m.presence.birth(box.key, birth(m, box, { addresses: ["https://box"], tlsKey }));
      expect(keyInTicket()).toBe(tlsKey);
    }
    m.presence.birth(box.key, birth(m, box));
    expect(keyInTicket()).toBeUndefined();
  });

  test("fault 10: a box whose storage is behind is told what the coordinator has", () => {
    const m = market();
    const box = sharing(m);
    const viewer = m.addViewer();
    const ticket = m.issue(box, viewer);
    const record = box.record({ ticket, viewer, proven: MIB });
    m.send(box, [record]);
    const ack = m.presence.birth(box.key, birth(m, box, { bootCounter: 2 }));
    expect(ack?.body).toMatchObject({ generation: 0, upTo: 1, head: record.hash });
    box.newGeneration(4);
    m.send(box, [box.record({ ticket, viewer, proven: 2 * MIB })]);
    const later = m.presence.birth(box.key, birth(m, box, { bootCounter: 3 }));
    expect(later?.body).toMatchObject({ generation: 4, upTo: 1 });
  });

  test("signed by another key are ignored", () => {
    const m = market();
    const [box, thief] = [m.addBox(), m.addBox()];
    expect(m.presence.birth(box.key, birth(m, thief))).toBeUndefined();
  });
});
