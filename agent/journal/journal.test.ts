import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Hash, sha256 } from "../core/encoding.ts";
import { bytes, mebibytes, microTokens, seconds } from "../core/units.ts";
import { createSigner } from "../identity/ed25519.ts";
import { NO_HEAD } from "./chain.ts";
import {
  bodyOf,
  boxKey,
  everything,
  makeAck,
  makeJournal,
  makeSnapshot,
  makeTicket,
  serveSessions,
  viewerKey,
} from "./journal-testing.ts";

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), "spareband-journal-"));
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

describe("records", () => {
  test("a closed session becomes a signed record that chains to the one before", () => {
    const { journal } = makeJournal(state);
    serveSessions(journal, 1, 3);
    const found = journal.pending(0, everything);
    const bodies = found.map(bodyOf);
    expect(bodies.map(({ generation, sequence }) => [generation, sequence])).toEqual([
      [1, 1],
      [1, 2],
      [1, 3],
    ]);
    expect(bodies.map(({ previous }) => previous)).toEqual([
      NO_HEAD,
      sha256(found[0]?.bytes as Uint8Array),
      sha256(found[1]?.bytes as Uint8Array),
    ]);
    expect(journal.chain.head).toBe(sha256(found[2]?.bytes as Uint8Array));
    expect(bodies[0]?.closeReason).toBe("done");
    expect(bodies[0]?.bootId).toBe(journal.bootId);
    journal[Symbol.dispose]();
  });

  test("nothing is handed to the reporter before it is durable", () => {
    const { journal } = makeJournal(state);
    journal.close(makeSnapshot(makeTicket(1), 1000), "done");
    expect(journal.pending(0, everything)).toEqual([]);
    journal.commit();
    expect(journal.pending(0, everything)).toHaveLength(1);
    journal[Symbol.dispose]();
  });

  test("what waits is committed within two minutes, from the very first moment of the clock", async () => {
    const { journal, clock } = makeJournal(state);
    const stop = new AbortController();
    const running = journal.run(stop.signal);
    journal.close(makeSnapshot(makeTicket(1), 1000), "done");
    await clock.advance(119_000);
    expect(journal.pendingRecords).toBe(0);
    await clock.advance(2000);
    expect(journal.pendingRecords).toBe(1);
    stop.abort();
    await running;
    journal[Symbol.dispose]();
  });

  test("a batch keeps to its limits but always holds a record", () => {
    const { journal } = makeJournal(state);
    serveSessions(journal, 1, 5);
    expect(journal.pending(0, { records: 2, bytes: mebibytes(1) })).toHaveLength(2);
    expect(journal.pending(3, { records: 9, bytes: bytes(1) }).map((r) => r.sequence)).toEqual([4]);
    journal[Symbol.dispose]();
  });

  test("a long session gets interim records, cumulative, and no more often than the limit", async () => {
    const { journal, clock } = makeJournal(state, { limits: { interimAfter: seconds(600) } });
    const stop = new AbortController();
    const running = journal.run(stop.signal);
    const ticket = makeTicket(1);
    for (let minute = 0; minute < 25; minute++) {
      journal.note(makeSnapshot(ticket, 1000 * (minute + 1), minute + 1));
      await clock.advance(60_000);
    }
    stop.abort();
    await running;
    journal.commit();
    const bodies = journal.pending(0, everything).map(bodyOf);
    expect(bodies.map((body) => body.closeReason)).toEqual(["open", "open"]);
    journal[Symbol.dispose]();
  });
});

describe("a restart", () => {
  test("a session that was open becomes a record, and its ticket goes on from the durable count", () => {
    const first = makeJournal(state);
    const ticket = makeTicket(1);
    first.journal.note(makeSnapshot(ticket, 3_000_000, 4));
    first.journal[Symbol.dispose]();

    const { journal } = makeJournal(state);
    const [record] = journal.pending(0, everything);
    expect(bodyOf(record)).toMatchObject({
      closeReason: "restart",
      bootId: first.journal.bootId,
      wireBytes: 3_001_000,
    });
    expect(journal.restore(ticket.hash)).toEqual({
      wireBytes: bytes(3_001_000),
      proven: bytes(3_000_000),
      receiptSequence: 4,
    });
    expect(journal.chain.boots).toBe(2);
    journal[Symbol.dispose]();
  });

  test("a ticket of a closed session is remembered, and forgotten when no ticket can live that long", async () => {
    const first = makeJournal(state);
    serveSessions(first.journal, 1, 1);
    first.journal[Symbol.dispose]();

    const { journal, clock } = makeJournal(state);
    const ticket = makeTicket(1).hash;
    expect(journal.restore(ticket)?.proven).toBe(bytes(1_000_000));
    expect(journal.restore("00".repeat(32) as Hash)).toBeUndefined();
    await clock.advance(3 * 3600_000);
    journal.commit();
    expect(journal.restore(ticket)).toBeUndefined();
    journal[Symbol.dispose]();
  });

  test("viewers' standing and the chain go on", () => {
    const first = makeJournal(state);
    first.journal.noteViewer(viewerKey.publicKey, { window: mebibytes(4), strikes: 2 });
    serveSessions(first.journal, 1, 2);
    const { chain } = first.journal;
    first.journal[Symbol.dispose]();

    const { journal } = makeJournal(state);
    expect(journal.viewer(viewerKey.publicKey)).toEqual({ window: mebibytes(4), strikes: 2 });
    expect(journal.chain).toEqual({ ...chain, boots: 2 });
    serveSessions(journal, 3, 3);
    expect(bodyOf(journal.pending(2, everything)[0]).previous).toBe(chain.head);
    journal[Symbol.dispose]();
  });
});

describe("acks", () => {
  test("acked records are not sent again, and go once the history is full", () => {
    const { journal } = makeJournal(state, { limits: { history: bytes(1) } });
    serveSessions(journal, 1, 2);
    serveSessions(journal, 3, 4);
    const [, second] = journal.pending(0, everything);
    const head = sha256(second?.bytes as Uint8Array);
    const ack = makeAck(journal.chain, { upTo: 2, head, creditedTotal: microTokens(9n) });
    expect(journal.applyAck(ack).result).toBe("applied");
    journal.commit();
    expect(journal.pending(0, everything).map((r) => r.sequence)).toEqual([3, 4]);
    expect([...journal.records()].map((r) => r.sequence)).toEqual([3, 4]);
    expect(journal.chain.credited).toBe(microTokens(9n));
    expect(journal.acks()).toEqual([ack.bytes]);
    journal[Symbol.dispose]();
  });

  test("an ack for another box changes nothing", () => {
    const { journal } = makeJournal(state);
    serveSessions(journal, 1, 1);
    const ack = makeAck(journal.chain, { box: viewerKey.publicKey });
    expect(journal.applyAck(ack)).toEqual({ result: "ignored", why: "other-box" });
    expect(journal.pendingRecords).toBe(1);
    journal[Symbol.dispose]();
  });

  test("an ack for records this journal never made begins a new generation, unanswered ones in it", () => {
    const { journal } = makeJournal(state);
    serveSessions(journal, 1, 2);
    const ack = makeAck(journal.chain, { upTo: 7, head: "ee".repeat(32) as Hash });
    expect(journal.applyAck(ack).result).toBe("new-generation");
    const bodies = journal.pending(0, everything).map(bodyOf);
    expect(bodies.map(({ generation, sequence }) => [generation, sequence])).toEqual([
      [2, 1],
      [2, 2],
    ]);
    journal[Symbol.dispose]();
  });

  test("a quarantined box takes on no ticket until the coordinator lifts it", () => {
    const { journal } = makeJournal(state);
    journal.applyAck(makeAck(journal.chain, { quarantine: "clone-suspected" }));
    expect(journal.admits()).toEqual({ ok: false, reason: "quarantined" });
    journal.applyAck(makeAck(journal.chain));
    expect(journal.admits()).toEqual({ ok: true });
    journal[Symbol.dispose]();
  });
});

describe("trouble", () => {
  test("a full outbox refuses new tickets and drops nothing", () => {
    const { journal } = makeJournal(state, { limits: { outbox: bytes(600) } });
    serveSessions(journal, 1, 3);
    expect(journal.admits()).toEqual({ ok: false, reason: "outbox-full" });
    expect(journal.pending(0, everything)).toHaveLength(3);
    journal[Symbol.dispose]();
  });

  test("a second agent on the same state directory is refused in one sentence", () => {
    const { journal } = makeJournal(state);
    expect(() => makeJournal(state)).toThrow(/in use by another process/);
    journal[Symbol.dispose]();
  });

  test("a journal that is no database is put aside, and the count goes on in a new generation", () => {
    const first = makeJournal(state);
    serveSessions(first.journal, 1, 1);
    first.journal.pending(0, everything);
    first.journal[Symbol.dispose]();
    writeFileSync(join(state, "journal/journal.sqlite"), "not a database, and long enough to see");

    const { journal } = makeJournal(state);
    expect(journal.state).toEqual({ state: "ready" });
    expect(journal.putAside?.path).toBe(join(state, "journal/damaged-1"));
    expect(readdirSync(join(state, "journal/damaged-1"))).toContain("journal.sqlite");
    expect(journal.chain.generation).toBe(2);
    journal[Symbol.dispose]();
  });

  test("a journal of another key is put aside, not continued", () => {
    const first = makeJournal(state);
    serveSessions(first.journal, 1, 1);
    first.journal[Symbol.dispose]();
    const { journal } = makeJournal(state, { signer: createSigner(new Uint8Array(32).fill(7)) });
    expect(journal.putAside?.why).toBe("it belongs to another key");
    expect([...journal.records()]).toEqual([]);
    expect(boxKey.publicKey).not.toBe(viewerKey.publicKey);
    journal[Symbol.dispose]();
  });

  test("without a place to write it admits nothing and says why", () => {
    writeFileSync(join(state, "journal"), "a file where the directory should be");
    const { journal } = makeJournal(state);
    expect(journal.state.state).toBe("unavailable");
    expect(journal.admits()).toEqual({ ok: false, reason: "storage-failing" });
    journal[Symbol.dispose]();
  });
});
