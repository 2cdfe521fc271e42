import { expect, test } from "bun:test";
import { examples, keys } from "../../test/protocol/examples.ts";
import { bytes, type Milliseconds, milliseconds, unixSeconds } from "../core/units.ts";
import { createSigner } from "../identity/ed25519.ts";
import { seal } from "./envelope.ts";
import { openEvidence } from "./evidence.ts";
import type { Receipt, UsageRecord } from "./messages.ts";
import { betterReceipt, judgeTicketUse, type TicketUse } from "./ticket-use.ts";

const environment = "dev";
const coordinators = new Set([keys.coordinator.publicKey]);
const ticket = examples.ticket.body;

function evidenceOf(record: Partial<UsageRecord>, signer = keys.box) {
  const body = { ...examples.record.body, ...record, box: signer.publicKey };
  return openEvidence(seal("record", body, signer, environment).bytes, {
    environment,
    coordinators,
  });
}

const receiptOf = (change: Partial<Receipt>, signer = keys.viewer) =>
  seal("receipt", { ...examples.receipt.body, ...change }, signer, environment);

test("a record proves the bytes its receipt signs for", () => {
  expect(evidenceOf({})).toMatchObject({ ok: true, evidence: { proven: 12 * 1024 * 1024 } });
});

test("a ticket used on another box is refused (fault 15)", () => {
  const other = createSigner(new Uint8Array(32).fill(50));
  expect(evidenceOf({}, other)).toMatchObject({ ok: false, code: "wrong-box", record: {} });
});

test("a receipt bound to another ticket is refused (fault 17)", () => {
  const receipt = receiptOf({ ticket: examples.record.body.previous }).bytes;
  expect(evidenceOf({ receipt })).toMatchObject({ ok: false, code: "receipt-other-ticket" });
});

test("of receipts whose cumulative bytes decrease the maximum stands (fault 18)", () => {
  const more = receiptOf({ sequence: 1, bytes: bytes(5) });
  const less = receiptOf({ sequence: 2, bytes: bytes(4) });
  expect(betterReceipt(more, less)).toBe(more);
  expect(betterReceipt(less, more)).toBe(more);
  expect(betterReceipt(undefined, less)).toBe(less);
});

test("cumulative bytes over the ticket's maximum are refused (fault 19)", () => {
  const receipt = receiptOf({ bytes: bytes(ticket.maxBytes + 1) }).bytes;
  expect(evidenceOf({ receipt })).toMatchObject({ ok: false, code: "receipt-over-max" });
});

test("a receipt forged by the box is refused inside its record too (fault 24)", () => {
  const receipt = receiptOf({}, keys.box).bytes;
  expect(evidenceOf({ receipt })).toMatchObject({ ok: false, code: "unknown-signer" });
});

test("a receipt for more than the box says it sent proves only what was sent (fault 26)", () => {
  expect(evidenceOf({ wireBytes: bytes(7) })).toMatchObject({ ok: true, evidence: { proven: 7 } });
});

test("a ticket that no coordinator of ours signed is refused", () => {
  const { bytes: forged } = seal("ticket", ticket, keys.box, environment);
  expect(evidenceOf({ ticket: forged })).toMatchObject({ ok: false, code: "unknown-signer" });
});

const use: TicketUse = {
  box: ticket.box,
  title: ticket.title,
  wall: unixSeconds(ticket.notBefore + 1),
  clockQuality: "synchronised",
  sinceFirstUse: undefined,
  wireBytes: bytes(0),
};
const HOURS_3 = milliseconds(3 * 3_600_000);

test.each<[string, Partial<TicketUse>, string | undefined]>([
  ["fits", {}, undefined],
  ["another box (fault 15)", { box: ticket.viewer }, "wrong-box"],
  ["another title", { title: ticket.split }, "wrong-title"],
  ["used up", { wireBytes: ticket.maxBytes }, "ticket-used-up"],
  ["too early", { wall: unixSeconds(ticket.notBefore - 500) }, "ticket-not-yet"],
  ["started too late", { wall: unixSeconds(ticket.startBy + 500) }, "ticket-start-passed"],
  [
    "running on",
    { wall: unixSeconds(ticket.startBy + 500), sinceFirstUse: 5 as Milliseconds },
    undefined,
  ],
  [
    "over",
    { wall: unixSeconds(ticket.expires + 500), sinceFirstUse: 5 as Milliseconds },
    "ticket-expired",
  ],
  ["no clock: 1970 (fault 9)", { wall: unixSeconds(0), clockQuality: "untrusted" }, undefined],
  [
    "a hardware clock a year ahead (fault 9)",
    { wall: unixSeconds(ticket.expires + 365 * 86_400), clockQuality: "rtc" },
    undefined,
  ],
  [
    "no clock, used for 3 h",
    { clockQuality: "untrusted", sinceFirstUse: HOURS_3 },
    "ticket-expired",
  ],
])("ticket use: %s", (_, change, code) => {
  const judged = judgeTicketUse(ticket, { ...use, ...change });
  expect(judged.ok ? undefined : judged.code).toBe(code as never);
});
