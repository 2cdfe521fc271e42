/** What a record is worth, whatever happens on its way: against the real verifier on a real SQLite file. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seal } from "../../agent/accounting/envelope.ts";
import { createTestBox } from "../../agent/coordinator/box-testing.ts";
import {
  createWorld,
  newSigner,
  ticketBody,
  type WorldOptions,
} from "../../agent/coordinator/coordinator-testing.ts";
import { openDatabase, type SqliteOpen } from "../../agent/coordinator/store/sqlite.ts";
import { FakeClock } from "../../agent/core/fake-clock.ts";
import { seededRandom } from "../../agent/core/random.ts";

const MIB = 1024 * 1024;
const DAY_MS = 86_400_000;
const directory = mkdtempSync(join(tmpdir(), "spareband-settlement-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let files = 0;
const fileWorld = (options: WorldOptions = {}) =>
  createWorld({ database: join(directory, `${files++}.sqlite`), ...options });

/** Nothing was made or lost: every entry balances, and balances are the sums of their lines. */
function expectSound(world: ReturnType<typeof createWorld>) {
  const sound = { total: 0n, balances: 0n, unbalanced: 0n, drifted: 0n };
  expect(world.store.ledger.audit()).toEqual(sound);
}

function delivery(world = fileWorld()) {
  const box = world.addBox();
  const viewer = world.addViewer();
  const ticket = world.issue(box, viewer);
  return { world, box, viewer, ticket };
}

describe("nothing is lost and nothing doubled", () => {
  test("fault 1: the same batch twice is credited once and acked the same", () => {
    const { world, box, viewer, ticket } = delivery();
    const batch = [1, 2, 3].map((mib) => box.record({ ticket, viewer, proven: mib * MIB }));
    const [first] = world.send(box, batch).acks;
    const [second] = world.send(box, batch).acks;
    expect(second?.body).toEqual(first?.body as NonNullable<typeof first>["body"]);
    expect(world.earned(box)).toBe(world.worth(3 * MIB));
    expectSound(world);
  });

  test("fault 2: after a lost ack the resent records, with new ones, bring the same total", () => {
    const { world, box, viewer, ticket } = delivery();
    const sent = [1, 2].map((mib) => box.record({ ticket, viewer, proven: mib * MIB }));
    world.send(box, sent);
    const more = box.record({ ticket, viewer, proven: 5 * MIB });
    const [ack] = world.send(box, [...sent, more]).acks;
    expect(ack?.body).toMatchObject({
      upTo: 3,
      head: more.hash,
      creditedTotal: world.worth(5 * MIB),
    });
  });

  test("fault 4: a fault between charge and credit, or at commit, leaves neither", () => {
    for (const breakAt of ["UPDATE accounts", "INSERT INTO ledger", "INSERT INTO acks", "COMMIT"]) {
      let broken = false;
      const open: SqliteOpen = (path) => failing(openDatabase(path), breakAt, () => broken);
      const { world, box, viewer, ticket } = delivery(fileWorld({ open }));
      const record = box.record({ ticket, viewer, proven: 9 * MIB });
      broken = true;
      expect(() => world.send(box, [record])).toThrow("not credited");
      expect(world.store.ledger.size()).toBe(0);
      expect(world.store.records.totals().records).toBe(0);
      broken = false;
      const [ack] = world.send(box, [record]).acks;
      expect(ack?.body).toMatchObject({ creditedTotal: world.worth(9 * MIB) });
      expectSound(world);
    }
  });

  test("fault 8: 29 days offline is credited in full, 31 days is refused with a code", async () => {
    const cases: readonly [number, string | undefined][] = [
      [29, undefined],
      [31, "settled-too-late"],
    ];
    for (const [days, code] of cases) {
      const clock = new FakeClock();
      const { world, box, viewer, ticket } = delivery(fileWorld({ clock }));
      const record = box.record({ ticket, viewer, proven: 10 * MIB });
      clock.jumpWall(clock.wallMs() + days * DAY_MS);
      const [ack] = world.send(box, [record]).acks;
      expect(ack?.body.upTo).toBe(1);
      expect(ack?.body.refused).toEqual(code ? [{ sequence: 1, code }] : []);
      expect(world.earned(box)).toBe(code ? 0n : world.worth(10 * MIB));
    }
  });

  test("fault 13: a gap is held, the missing range asked for, and closed later", () => {
    const { world, box, viewer, ticket } = delivery();
    const [a, b, c, d] = [1, 2, 3, 4].map((mib) =>
      box.record({ ticket, viewer, proven: mib * MIB }),
    );
    if (!a || !b || !c || !d) throw new Error("four records were signed");
    const [held] = world.send(box, [a, c, d]).acks;
    expect(held?.body).toMatchObject({ upTo: 1, resendFrom: 2 });
    expect(world.earned(box)).toBe(world.worth(MIB));
    const [closed] = world.send(box, [b]).acks;
    expect(closed?.body).toMatchObject({ upTo: 4, head: d.hash });
    expect(closed?.body.resendFrom).toBeUndefined();
    expect(world.earned(box)).toBe(world.worth(4 * MIB));
  });

  test("fault 14: records out of order are applied in the order of the chain", () => {
    const { world, box, viewer, ticket } = delivery();
    const records = Array.from({ length: 20 }, (_, i) =>
      box.record({ ticket, viewer, proven: (i + 1) * MIB }),
    );
    const shuffled = records.toSorted(() => world.random.unit() - 0.5);
    const [ack] = world.send(box, shuffled).acks;
    expect(ack?.body).toMatchObject({ upTo: 20, head: records.at(-1)?.hash as string });
    expect(world.earned(box)).toBe(world.worth(20 * MIB));
  });

  test("fault 10: rolled-back storage is told the head, and its new generation pays nothing twice", () => {
    const { world, box, viewer, ticket } = delivery();
    const before = box.position();
    world.send(box, [box.record({ ticket, viewer, proven: 30 * MIB })]);
    box.restore(before.generation, before.sequence, before.previous);
    box.newGeneration();
    box.reboot();
    const [ack] = world.send(box, [box.record({ ticket, viewer, proven: 40 * MIB })]).acks;
    expect(ack?.body).toMatchObject({
      generation: 1,
      upTo: 1,
      creditedTotal: world.worth(40 * MIB),
    });
    expect(world.quarantineOf(box)).toBeUndefined();
  });

  test("fault 40: old and new firmware under one key share one ledger", () => {
    const { world, box, viewer, ticket } = delivery();
    const old = [5, 8].map((mib) => box.record({ ticket, viewer, proven: mib * MIB }));
    world.send(box, old);
    box.newGeneration();
    const fresh = box.record({ ticket, viewer, proven: 9 * MIB });
    world.send(box, [fresh]);
    world.send(box, old);
    expect(world.earned(box)).toBe(world.worth(9 * MIB));
    expectSound(world);
  });
});

describe("a ticket is worth what it says, to whom it says", () => {
  test("fault 15: a ticket used on another box is refused", () => {
    const { world, viewer, ticket } = delivery();
    const other = world.addBox();
    const [ack] = world.send(other, [other.record({ ticket, viewer, proven: MIB })]).acks;
    expect(ack?.body.refused).toEqual([{ sequence: 1, code: "wrong-box" }]);
    expect(world.store.ledger.size()).toBe(0);
  });

  test("fault 16: a ticket shown again after a restart goes on from its cumulative count", () => {
    const { world, box, viewer, ticket } = delivery();
    world.send(box, [box.record({ ticket, viewer, proven: 20 * MIB, closeReason: "restart" })]);
    box.reboot();
    world.send(box, [box.record({ ticket, viewer, proven: 35 * MIB })]);
    expect(world.earned(box)).toBe(world.worth(35 * MIB));
  });

  test("fault 17: a receipt bound to another ticket is refused", () => {
    const { world, box, viewer, ticket } = delivery();
    const other = world.issue(box, viewer);
    const receipt = box.receiptFor({ ticket: other, viewer, proven: MIB });
    const record = box.record({ ticket, viewer, receipt, wire: MIB });
    const [ack] = world.send(box, [record]).acks;
    expect(ack?.body.refused).toEqual([{ sequence: 1, code: "receipt-other-ticket" }]);
    expect(world.earned(box)).toBe(0n);
  });

  test("fault 18: when the cumulative count falls the maximum stands", () => {
    const { world, box, viewer, ticket } = delivery();
    for (const mib of [30, 10, 29]) {
      world.send(box, [box.record({ ticket, viewer, proven: mib * MIB })]);
    }
    expect(world.earned(box)).toBe(world.worth(30 * MIB));
  });

  test("fault 19: a receipt over the ticket's maximum is refused, the bytes before it stay", () => {
    const { world, box, viewer } = delivery();
    const ticket = world.issue(box, viewer, { maxBytes: (8 * MIB) as never });
    world.send(box, [box.record({ ticket, viewer, proven: 8 * MIB })]);
    const [ack] = world.send(box, [box.record({ ticket, viewer, proven: 8 * MIB + 1 })]).acks;
    expect(ack?.body.refused).toEqual([{ sequence: 2, code: "receipt-over-max" }]);
    expect(world.earned(box)).toBe(world.worth(8 * MIB));
  });

  test("faults 20 to 22: what does not decode never reaches the ledger, whatever is wrong with it", () => {
    const { world, box, viewer, ticket } = delivery();
    const { bytes } = box.write({ ticket, viewer, proven: MIB });
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Uint8Array.from(bytes);
      damaged[at] = (damaged[at] as number) ^ 0x81;
      expect(world.prepare(damaged, box.key).ok).toBe(false);
    }
    expect(world.prepare(new Uint8Array([...bytes, 0]), box.key).ok).toBe(false);
    expect(world.prepare(bytes.subarray(0, -1), box.key).ok).toBe(false);
    expect(() => box.write({ ticket, viewer, proven: -1 })).toThrow(RangeError);
    expect(() => box.write({ ticket, viewer, proven: 0.5 })).toThrow(RangeError);
    expect(() => box.write({ ticket, viewer, proven: 2 ** 64 })).toThrow(RangeError);
  });

  test("fault 23: what was signed for dev counts nothing in production", () => {
    const prod = fileWorld({ environment: "prod" });
    const box = prod.addBox();
    const viewer = prod.addViewer();
    const devTwin = createTestBox(box.signer, "dev", seededRandom(9));
    const ticket = prod.issue(box, viewer);
    const prepared = prod.prepare(devTwin.record({ ticket, viewer, proven: MIB }).bytes, box.key);
    expect(prepared).toMatchObject({ ok: false, code: "wrong-environment" });
    const body = ticketBody(box, viewer, prod.now(), prod.random);
    const devTicket = seal("ticket", body, prod.signer, "dev");
    const [ack] = prod.send(box, [box.record({ ticket: devTicket, viewer, wire: MIB })]).acks;
    expect(ack?.body.refused).toEqual([{ sequence: 1, code: "wrong-environment" }]);
  });

  test("fault 24: a receipt that the box signed itself is refused", () => {
    const { world, box, viewer, ticket } = delivery();
    const record = box.record({ ticket, viewer: box.signer, proven: 50 * MIB });
    const [ack] = world.send(box, [record]).acks;
    expect(ack?.body.refused).toEqual([{ sequence: 1, code: "unknown-signer" }]);
    expect(world.earned(box)).toBe(0n);
    expect(world.send(box, [box.record({ ticket, viewer, proven: MIB })]).paid).toBe(1);
  });

  test("a ticket that the box made itself is refused", () => {
    const { world, box, viewer } = delivery();
    const forged = seal(
      "ticket",
      ticketBody(box, viewer, world.now(), world.random),
      box.signer,
      "dev",
    );
    const [ack] = world.send(box, [box.record({ ticket: forged, viewer, proven: MIB })]).acks;
    expect(ack?.body.refused).toEqual([{ sequence: 1, code: "ticket-unknown" }]);
  });

  test("fault 30: one ticket over two connections has one cumulative total", () => {
    const { world, box, viewer, ticket } = delivery();
    const records = [4, 3, 9, 9, 12].map((mib) =>
      box.record({ ticket, viewer, proven: mib * MIB, closeReason: "open" }),
    );
    world.send(box, records);
    expect(world.earned(box)).toBe(world.worth(12 * MIB));
  });

  test("fault 31: of a batch with one poisoned record only that one is refused", () => {
    const { world, box, viewer, ticket } = delivery();
    const good = [1, 2].map((mib) => box.record({ ticket, viewer, proven: mib * MIB }));
    const poisoned = Uint8Array.from(box.record({ ticket, viewer, proven: 3 * MIB }).bytes);
    poisoned[200] = (poisoned[200] as number) ^ 1;
    const after = box.record({ ticket, viewer, proven: 4 * MIB });
    const lost = world.send(box, [...good, poisoned, after]).acks[0]?.body;
    expect(lost).toMatchObject({ upTo: 2, resendFrom: 3 });
    expect(world.earned(box)).toBe(world.worth(2 * MIB));
  });

  test("fault 31: a record that was damaged before the next was chained on it is passed over", () => {
    const { world, box, viewer, ticket } = delivery();
    const first = box.record({ ticket, viewer, proven: MIB });
    const damaged = Uint8Array.from(box.write({ ticket, viewer, proven: 2 * MIB }).bytes);
    damaged[damaged.length - 1] = (damaged.at(-1) as number) ^ 1;
    const prepared = world.prepare(damaged, box.key);
    if (prepared.ok) throw new Error("a broken signature was accepted");
    box.skip(prepared.hash);
    const third = box.record({ ticket, viewer, proven: 4 * MIB });
    const [ack] = world.send(box, [first, damaged, third]).acks;
    expect(ack?.body).toMatchObject({
      upTo: 3,
      refused: [{ sequence: 2, code: "bad-signature" }],
      creditedTotal: world.worth(4 * MIB),
    });
  });

  test("fault 33: after a rotation tickets of the old key settle, new ones under it do not", () => {
    const random = seededRandom(33);
    const oldSigner = newSigner(random);
    const database = join(directory, "rotated.sqlite");
    const before = createWorld({ database, signer: oldSigner });
    before.store.trust.retire(oldSigner.publicKey, before.now());
    const after = createWorld({
      database,
      signer: newSigner(random),
      clock: before.clock,
      seed: 3,
    });
    const box = after.addBox();
    const viewer = after.addViewer();
    const live = seal(
      "ticket",
      ticketBody(box, viewer, after.now() - 60, random),
      oldSigner,
      "dev",
    );
    const stolen = seal(
      "ticket",
      ticketBody(box, viewer, after.now() + 60, random),
      oldSigner,
      "dev",
    );
    const [ack] = after.send(box, [
      box.record({ ticket: live, viewer, proven: 7 * MIB }),
      box.record({ ticket: stolen, viewer, proven: 7 * MIB }),
    ]).acks;
    expect(ack?.body.refused).toEqual([{ sequence: 2, code: "ticket-unknown" }]);
    expect(after.earned(box)).toBe(after.worth(7 * MIB));
  });
});

test("fault 39: two workers on one file with the same ticket are serialised to one total", () => {
  const database = join(directory, "two-workers.sqlite");
  const one = createWorld({ database });
  const two = createWorld({ database, signer: one.signer, clock: one.clock });
  const { box, viewer, ticket } = delivery(one);
  const records = Array.from({ length: 40 }, (_, i) =>
    box.record({ ticket, viewer, proven: (i + 1) * MIB, closeReason: "open" }),
  );
  for (let at = 0; at < records.length; at += 4) {
    one.send(box, records.slice(at, at + 3));
    two.send(box, records.slice(at + 1, at + 4));
    two.send(box, records.slice(0, at + 2));
  }
  const last = two.send(box, records).acks[0]?.body;
  expect(last).toMatchObject({ upTo: 40, creditedTotal: one.worth(40 * MIB) });
  expectSound(one);
  expectSound(two);
});

/** A database whose statement or command of that beginning fails while `isBroken`. */
function failing(
  database: ReturnType<SqliteOpen>,
  beginning: string,
  isBroken: () => boolean,
): ReturnType<SqliteOpen> {
  const check = (sql: string) => {
    if (isBroken() && sql.startsWith(beginning)) throw new Error("disk I/O error");
  };
  return {
    ...database,
    exec(sql) {
      check(sql);
      database.exec(sql);
    },
    prepare<Row>(sql: string) {
      const statement = database.prepare<Row>(sql);
      return new Proxy(statement, {
        get(target, name) {
          if (name === "run") {
            return (...values: Parameters<typeof statement.run>) => {
              check(sql);
              return target.run(...values);
            };
          }
          const value = Reflect.get(target, name);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    },
  };
}
