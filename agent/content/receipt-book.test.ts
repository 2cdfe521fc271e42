import { expect, test } from "bun:test";
import { seal } from "../accounting/envelope.ts";
import type { Hash, Id } from "../core/encoding.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { bytes, unixSeconds } from "../core/units.ts";
import { createSigner } from "../identity/ed25519.ts";
import { ReceiptBook } from "./receipt-book.ts";

const viewer = createSigner(new Uint8Array(32).fill(1));
const coordinator = createSigner(new Uint8Array(32).fill(2));
const box = createSigner(new Uint8Array(32).fill(3));
const MIB = 1024 * 1024;

const ticket = seal(
  "ticket",
  {
    id: "0".repeat(32) as Id,
    box: box.publicKey,
    viewer: viewer.publicKey,
    title: "1".repeat(64) as Hash,
    split: "2".repeat(64) as Hash,
    priceList: 1,
    maxBytes: bytes(4 * MIB),
    notBefore: unixSeconds(1000),
    startBy: unixSeconds(1600),
    expires: unixSeconds(2000),
    settleBy: unixSeconds(3000),
  },
  coordinator,
  "dev",
);

const newBook = () => {
  const clock = new FakeClock();
  return { clock, book: new ReceiptBook(ticket, viewer, "dev", clock) };
};

test("nothing is signed before a chunk was checked", () => {
  expect(newBook().book.newest()).toBeUndefined();
});

test("receipts are cumulative, numbered without gaps, and bound to the ticket", async () => {
  const { clock, book } = newBook();
  book.add(MIB);
  await clock.advance(500);
  expect(book.newest()?.body).toMatchObject({
    ticket: ticket.hash,
    sequence: 1,
    bytes: MIB,
    elapsed: 500,
  });
  expect(book.newest()?.body.sequence).toBe(1);
  book.add(1);
  expect(book.newest()?.body).toMatchObject({ sequence: 2, bytes: MIB + 1 });
});

test("a receipt goes out by itself after a MiB or two seconds that no request carried", async () => {
  const { clock, book } = newBook();
  expect(book.due).toBe(false);
  book.add(1000);
  expect(book.due).toBe(false);
  await clock.advance(2_000);
  expect(book.due).toBe(true);
  book.arrived(book.newest());
  expect(book.due).toBe(false);
  book.add(MIB);
  expect(book.due).toBe(true);
});

test("what did not arrive stays open", () => {
  const { book } = newBook();
  book.add(10);
  const first = book.newest();
  book.add(10);
  book.arrived(first);
  expect(book.open).toBe(true);
  book.arrived(book.newest());
  expect(book.open).toBe(false);
});

test("never more is signed than the ticket allows", () => {
  const { book } = newBook();
  book.add(5 * MIB);
  expect(book.newest()?.body.bytes).toBe(bytes(4 * MIB));
  book.arrived(book.newest());
  expect(book.open).toBe(false);
});
