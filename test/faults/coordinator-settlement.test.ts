/** Whatever happens to records on their way to the real verifier, each is paid once and none is lost. */
import { expect, test } from "bun:test";
import { createWorld } from "../../agent/coordinator/coordinator-testing.ts";
import { openDatabase, type SqliteOpen } from "../../agent/coordinator/store/sqlite.ts";
import { FakeClock } from "../../agent/core/fake-clock.ts";
import { delivery, expectSound, fileWorld, MIB, newDatabase } from "./delivery.ts";

const DAY_MS = 86_400_000;

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
  const [a, b, c, d] = [1, 2, 3, 4].map((mib) => box.record({ ticket, viewer, proven: mib * MIB }));
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
  box.chainOn(prepared.hash);
  const third = box.record({ ticket, viewer, proven: 4 * MIB });
  const [ack] = world.send(box, [first, damaged, third]).acks;
  expect(ack?.body).toMatchObject({
    upTo: 3,
    refused: [{ sequence: 2, code: "bad-signature" }],
    creditedTotal: world.worth(4 * MIB),
  });
});

test("fault 39: two workers on one file with the same ticket are serialised to one total", () => {
  const database = newDatabase();
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
