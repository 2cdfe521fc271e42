/** A record is worth what its ticket says, to whom it says: against the real verifier. */
import { expect, test } from "bun:test";
import { seal } from "../../agent/accounting/envelope.ts";
import { createTestBox } from "../../agent/coordinator/box-testing.ts";
import { createWorld, newSigner, ticketBody } from "../../agent/coordinator/coordinator-testing.ts";
import { seededRandom } from "../../agent/core/random.ts";
import { delivery, fileWorld, MIB, newDatabase } from "./delivery.ts";

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

test("fault 33: after a rotation tickets of the old key settle, new ones under it do not", () => {
  const random = seededRandom(33);
  const oldSigner = newSigner(random);
  const database = newDatabase();
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
  const live = seal("ticket", ticketBody(box, viewer, after.now() - 60, random), oldSigner, "dev");
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
