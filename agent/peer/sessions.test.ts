import { beforeEach, expect, test } from "bun:test";
import { seal } from "../accounting/envelope.ts";
import type { ClockQuality, CloseReason, Sealed, Ticket } from "../accounting/messages.ts";
import { type Hash, type Id, type PublicKey, toBase64Url } from "../core/encoding.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { bytes, mebibytes, milliseconds, toUnixSeconds, unixSeconds } from "../core/units.ts";
import { createSigner, type Signer } from "../identity/ed25519.ts";
import type { Admission, SessionSnapshot, ViewerStanding } from "../journal/session-journal.ts";
import { Sessions } from "./sessions.ts";

const MIB = 1024 * 1024;
const signer = (fill: number) => createSigner(new Uint8Array(32).fill(fill));
const [coordinator, box, viewer] = [signer(1), signer(2), signer(3)];
const title = "ab".repeat(32) as Hash;

let clock: FakeClock;
let quality: ClockQuality;
let admission: Admission;
let issuers: ReadonlySet<PublicKey>;
let standings: Map<PublicKey, ViewerStanding>;
let notes: SessionSnapshot[];
let closed: { snapshot: SessionSnapshot; reason: CloseReason }[];
let sessions: Sessions;

function createSessions(): Sessions {
  return new Sessions({
    box: box.publicKey,
    environment: "dev",
    issuers: () => issuers,
    clock,
    clockQuality: () => quality,
    journal: {
      viewer: (key) => standings.get(key),
      noteViewer: (key, standing) => standings.set(key, standing),
      admits: () => admission,
      restore: (ticket) => {
        const last = notes.findLast((snapshot) => snapshot.ticket.hash === ticket);
        const receipt = last?.receipt?.body;
        return (
          last && {
            wireBytes: last.wireBytes,
            proven: receipt?.bytes ?? bytes(0),
            receiptSequence: receipt?.sequence ?? 0,
          }
        );
      },
      note: (snapshot) => notes.push(snapshot),
      close: (snapshot, reason) => {
        notes.push(snapshot);
        closed.push({ snapshot, reason });
      },
    },
  });
}

beforeEach(() => {
  clock = new FakeClock();
  quality = "synchronised";
  admission = { ok: true };
  issuers = new Set([coordinator.publicKey]);
  standings = new Map();
  notes = [];
  closed = [];
  sessions = createSessions();
});

let count = 0;
function makeTicket(change: Partial<Ticket> = {}, by: Signer = coordinator): Sealed<"ticket"> {
  const now = toUnixSeconds(clock.wallMs());
  const body: Ticket = {
    id: String(++count).padStart(32, "0") as Id,
    box: box.publicKey,
    viewer: viewer.publicKey,
    title,
    split: title,
    priceList: 1,
    maxBytes: mebibytes(64),
    notBefore: now,
    startBy: unixSeconds(now + 600),
    expires: unixSeconds(now + 7200),
    settleBy: unixSeconds(now + 86_400),
    ...change,
  };
  return seal("ticket", body, by, "dev");
}
const text = (ticket: Sealed<"ticket">) => toBase64Url(ticket.bytes);
function open(ticket: Sealed<"ticket">) {
  const found = sessions.find(text(ticket));
  if (!found.ok) throw new Error(found.code);
  return found.session;
}
function makeReceipt(ticket: Sealed<"ticket">, amount: number, by: Signer = viewer): string {
  const body = { ticket: ticket.hash, sequence: 1, bytes: bytes(amount), elapsed: milliseconds(0) };
  return toBase64Url(seal("receipt", body, by, "dev").bytes);
}
function send(ticket: Sealed<"ticket">, amount = MIB): string {
  const session = open(ticket);
  const judged = sessions.judge(session, title, amount);
  if (judged.ok) sessions.sent(session, amount);
  return judged.ok ? "sent" : judged.code;
}
const sign = (ticket: Sealed<"ticket">, amount: number, by?: Signer) => {
  const outcome = sessions.receive(ticket.hash, makeReceipt(ticket, amount, by));
  return outcome.ok ? "signed" : outcome.code;
};

test("a stranger gets 2 MiB before the first receipt, and as much after each", () => {
  const ticket = makeTicket();
  expect([send(ticket), send(ticket), send(ticket)]).toEqual(["sent", "sent", "receipts-due"]);
  expect(sign(ticket, 2 * MIB)).toBe("signed");
  expect([send(ticket), send(ticket), send(ticket)]).toEqual(["sent", "sent", "receipts-due"]);
});

test("cumulative bytes that fall change nothing: the maximum stands (fault 18)", () => {
  const ticket = makeTicket();
  send(ticket, 2 * MIB);
  expect(sign(ticket, 2 * MIB)).toBe("signed");
  expect(sign(ticket, 1000)).toBe("signed");
  expect(open(ticket).proven).toBe(mebibytes(2));
});

test("receipts for more than was sent, of others, or for other tickets prove nothing (faults 17, 24)", () => {
  const [ticket, other] = [makeTicket(), makeTicket()];
  send(ticket);
  send(other);
  expect(sign(ticket, 2 * MIB)).toBe("over-wire");
  expect(sign(ticket, MIB, box)).toBe("unknown-signer");
  const moved = sessions.receive(ticket.hash, makeReceipt(other, MIB));
  expect(moved).toEqual({ ok: false, code: "receipt-other-ticket" });
  expect(sessions.receive("00".repeat(32) as Hash, "AAAA")).toMatchObject({
    code: "ticket-not-shown",
  });
  expect(open(ticket).proven).toBe(bytes(0));
});

test("a ticket is good for its bytes and no more", () => {
  const ticket = makeTicket({ maxBytes: mebibytes(2) });
  send(ticket, 2 * MIB);
  sign(ticket, 2 * MIB);
  expect(send(ticket, 1)).toBe("ticket-used-up");
});

test("three sessions that end with a full window unsigned, and the viewer is refused (fault 25)", async () => {
  for (let strike = 0; strike < 3; strike++) {
    const ticket = makeTicket();
    expect([send(ticket, 1.5 * MIB), send(ticket)]).toEqual(["sent", "receipts-due"]);
    await clock.advance(61_000);
    sessions.sweep();
  }
  expect(closed.map(({ reason }) => reason)).toEqual(Array(3).fill("window-exceeded"));
  const refused = makeTicket();
  expect(send(refused)).toBe("viewer-refused");
});

test("a refused viewer that signs after all is forgiven", async () => {
  standings.set(viewer.publicKey, { window: mebibytes(2), strikes: 2 });
  const ticket = makeTicket();
  send(ticket, 2 * MIB);
  send(ticket);
  await clock.advance(61_000);
  sessions.sweep();
  expect(send(makeTicket())).toBe("viewer-refused");
  expect(sign(ticket, 2 * MIB)).toBe("signed");
  expect(closed.at(-1)?.snapshot.receipt?.body.bytes).toBe(mebibytes(2));
  expect(send(makeTicket())).toBe("sent");
});

test("good sessions widen the window; what this box broke off is not held against a viewer", async () => {
  const good = makeTicket();
  send(good, 2 * MIB);
  sign(good, 2 * MIB);
  await clock.advance(61_000);
  sessions.sweep();
  expect(closed.at(-1)?.reason).toBe("done");
  expect(standings.get(viewer.publicKey)).toEqual({ window: mebibytes(3), strikes: 0 });
  const cut = makeTicket();
  send(cut, 3 * MIB);
  sessions.cutAll();
  await clock.advance(61_000);
  sessions.sweep();
  expect(standings.get(viewer.publicKey)?.strikes).toBe(0);
});

test("ranges that broke off are given up, but never more than an eighth of what was signed for", () => {
  const ticket = makeTicket();
  for (let sent = 2; sent <= 16; sent += 2) {
    send(ticket, 2 * MIB);
    sign(ticket, sent * MIB);
  }
  const session = open(ticket);
  send(ticket, 2 * MIB);
  session.brokeOff(2 * MIB);
  expect(send(ticket, 2 * MIB)).toBe("sent");
  session.brokeOff(2 * MIB);
  expect(send(ticket)).toBe("receipts-due");
});

test("breaking every range off and never signing brings one window and no more", () => {
  const ticket = makeTicket();
  let got = 0;
  for (let attempt = 0; attempt < 100; attempt++) {
    if (send(ticket) !== "sent") continue;
    open(ticket).brokeOff(MIB);
    got += MIB;
  }
  expect(got).toBe(2 * MIB);
});

test("a restart resumes from the stored count (fault 16)", () => {
  const ticket = makeTicket();
  send(ticket, 2 * MIB);
  sign(ticket, MIB);
  sessions.closeAll("shutdown");
  expect(closed.map(({ reason }) => reason)).toEqual(["shutdown"]);
  sessions = createSessions();
  admission = { ok: false, reason: "outbox-full" };
  const session = open(ticket);
  expect([session.wireBytes, session.proven]).toEqual([mebibytes(2), mebibytes(1)]);
  expect([send(ticket), send(ticket)]).toEqual(["sent", "receipts-due"]);
});

test("without room for its record a new ticket is not taken on", () => {
  admission = { ok: false, reason: "outbox-full" };
  expect(sessions.find(text(makeTicket()))).toEqual({
    ok: false,
    code: "not-recorded",
    why: "outbox-full",
  });
});

test("with a clock at 1970 a ticket lives by the monotonic clock (fault 9)", async () => {
  const ticket = makeTicket();
  clock.jumpWall(0);
  quality = "untrusted";
  expect(send(ticket, 1000)).toBe("sent");
  await clock.advance(7_100_000);
  expect(send(ticket, 1000)).toBe("sent");
  await clock.advance(200_000);
  expect(send(ticket, 1000)).toBe("ticket-expired");
});

test("with a trusted clock it must start and end in time", async () => {
  const late = makeTicket();
  await clock.advance(800_000);
  expect(send(late, 1000)).toBe("ticket-start-passed");
  const ticket = makeTicket();
  expect(send(ticket, 1000)).toBe("sent");
  await clock.advance(7_400_000);
  expect(send(ticket, 1000)).toBe("ticket-expired");
});

test("a ticket that is shown again and again is recorded once, and speaks neither for nor against its viewer", async () => {
  const [good, bad] = [makeTicket(), makeTicket()];
  send(good, 2 * MIB);
  sign(good, 2 * MIB);
  send(bad, 3 * MIB);
  send(bad, 2 * MIB);
  for (let again = 0; again < 5; again++) {
    await clock.advance(61_000);
    sessions.sweep();
    if (again === 2) sessions = createSessions();
    open(good);
    send(bad, 2 * MIB);
  }
  expect(closed).toHaveLength(2);
  expect(standings.get(viewer.publicKey)).toEqual({ window: mebibytes(2), strikes: 1 });
});

test("what a ticket brings after it was idle is recorded and judged by itself", async () => {
  const ticket = makeTicket();
  for (const signed of [2, 4, 7]) {
    send(ticket, (signed === 7 ? 3 : 2) * MIB);
    sign(ticket, signed * MIB);
    await clock.advance(61_000);
    sessions.sweep();
  }
  expect(closed.map(({ snapshot }) => snapshot.receipt?.body.bytes)).toEqual(
    [2, 4, 7].map(mebibytes),
  );
  expect(standings.get(viewer.publicKey)).toEqual({ window: mebibytes(4), strikes: 0 });
});

test("a ticket that came before its signer's key is good once the key has come", () => {
  const next = signer(4);
  const ticket = makeTicket({}, next);
  expect(sessions.find(text(ticket))).toEqual({ ok: false, code: "unknown-signer" });
  issuers = new Set([coordinator.publicKey, next.publicKey]);
  expect(sessions.find(text(ticket)).ok).toBe(true);
});

test("of an idle session one record is made, and none of a ticket that was only shown", async () => {
  const [used, shown] = [makeTicket(), makeTicket()];
  send(used, 1000);
  open(shown);
  await clock.advance(61_000);
  sessions.sweep();
  expect(closed.map(({ snapshot, reason }) => [snapshot.ticket.hash, reason])).toEqual([
    [used.hash, "idle"],
  ]);
  expect(sessions.size).toBe(0);
});

test("progress is noted at once for a new ticket and then once a sweep, not per request", () => {
  const ticket = makeTicket();
  for (let request = 0; request < 100; request++) send(ticket, 1000);
  expect(notes).toHaveLength(1);
  sessions.sweep();
  sessions.sweep();
  expect(notes).toHaveLength(2);
  expect(notes.at(-1)?.wireBytes).toBe(bytes(100_000));
});

test("a newest receipt that rode along is verified by the sweep, and only then counts", () => {
  const ticket = makeTicket();
  send(ticket);
  open(ticket).unverified = makeReceipt(ticket, MIB);
  expect(open(ticket).proven).toBe(bytes(0));
  sessions.sweep();
  expect(open(ticket).proven).toBe(mebibytes(1));
});

test("sessions are bounded: idle ones make room, busy ones do not", async () => {
  for (let ticket = 0; ticket < 1024; ticket++) send(makeTicket(), 1);
  expect(sessions.find(text(makeTicket()))).toEqual({ ok: false, code: "busy" });
  await clock.advance(11_000);
  expect(sessions.find(text(makeTicket())).ok).toBe(true);
  expect(sessions.size).toBe(1024);
});
