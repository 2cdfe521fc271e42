import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "../accounting/envelope.ts";
import type { Sealed } from "../accounting/messages.ts";
import { bytes, mebibytes } from "../core/units.ts";
import {
  boxKey,
  environment,
  everything,
  makeAck,
  makeJournal,
  makeSnapshot,
  makeTicket,
} from "./journal-testing.ts";
import type { TailMessage } from "./tail.ts";

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "spareband-tail-"));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const opened = (message: TailMessage | undefined): Sealed<"tail"> => {
  const tail = open("tail", message?.bytes ?? new Uint8Array(), {
    environment,
    signer: boxKey.publicKey,
  });
  if (!tail.ok) throw new Error(tail.detail);
  return tail.message;
};

describe("the tail", () => {
  test("holds what is not on flash, open and ended, and brings it back after a power cut", () => {
    const { journal } = makeJournal(join(base, "live"));
    journal.note(makeSnapshot(makeTicket(1), 1_000_000, 1));
    journal.commit();
    cpSync(join(base, "live"), join(base, "cut"), { recursive: true });
    journal.note(makeSnapshot(makeTicket(1), 3_000_000, 2));
    journal.note(makeSnapshot(makeTicket(2), 2_000_000, 1));
    journal.close(makeSnapshot(makeTicket(3), 4_000_000, 1), "done");
    const tail = opened(journal.tail(true));
    expect(tail.body.entries.map(({ closeReason }) => closeReason)).toEqual([
      "done",
      "restart",
      "restart",
    ]);

    const survivor = makeJournal(join(base, "cut")).journal;
    expect(survivor.pending(0, everything)).toHaveLength(1);
    survivor.recover(tail);
    expect(survivor.pending(0, everything)).toHaveLength(4);
    const proven = [1, 2, 3].map((n) => survivor.restore(makeTicket(n).hash)?.proven);
    expect(proven).toEqual([bytes(3_000_000), bytes(2_000_000), bytes(4_000_000)]);
    survivor.recover(tail);
    expect(survivor.pending(0, everything)).toHaveLength(4);
    survivor[Symbol.dispose]();
    journal[Symbol.dispose]();
  });

  test("that is kept spares the flash: what it holds is not at risk", async () => {
    const { journal, clock } = makeJournal(base);
    const stop = new AbortController();
    const running = journal.run(stop.signal);
    await clock.advance(10_000);
    for (const n of [1, 2, 3]) {
      journal.note(makeSnapshot(makeTicket(n), mebibytes(7), 1));
      const message = journal.tail(n === 1);
      message?.kept();
      await clock.advance(3000);
    }
    expect(journal.chain.sequence).toBe(0);
    const written = journal.bytesWritten;
    journal.note(makeSnapshot(makeTicket(4), mebibytes(9), 1));
    await clock.advance(5000);
    expect(journal.bytesWritten).toBeGreaterThan(written);
    stop.abort();
    await running;
    journal[Symbol.dispose]();
  });

  test("goes out soon when there is much, seldom when there is little, and is taken back after a commit", async () => {
    const { journal, clock } = makeJournal(base);
    expect(journal.tail(true)?.bytes).toHaveLength(0);
    await clock.advance(30_000);
    expect(journal.tail(false)).toBeUndefined();
    journal.note(makeSnapshot(makeTicket(1), 1000, 1));
    expect(opened(journal.tail(false)).body.entries).toHaveLength(1);
    journal.note(makeSnapshot(makeTicket(1), 5000, 2));
    await clock.advance(29_000);
    expect(journal.tail(false)).toBeUndefined();
    journal.note(makeSnapshot(makeTicket(1), mebibytes(2), 3));
    journal.tail(false)?.kept();
    journal.note(makeSnapshot(makeTicket(1), mebibytes(4), 4));
    await clock.advance(2000);
    expect(journal.tail(false)).toBeUndefined();
    await clock.advance(1000);
    expect(journal.tail(false)).toBeDefined();
    journal.commit();
    await clock.advance(30_000);
    expect(journal.tail(false)?.bytes).toHaveLength(0);
    journal[Symbol.dispose]();
  });

  test("on a new connection counts as not kept: the broker may have started again", async () => {
    const { journal, clock } = makeJournal(base);
    journal.note(makeSnapshot(makeTicket(1), mebibytes(5), 1));
    journal.tail(true)?.kept();
    await clock.advance(100);
    expect(journal.tail(false)).toBeUndefined();
    expect(opened(journal.tail(true)).body.entries).toHaveLength(1);
    journal[Symbol.dispose]();
  });

  test("of sessions the coordinator has answered long ago is no news", () => {
    const { journal } = makeJournal(base);
    journal.note(makeSnapshot(makeTicket(1), 1000, 1));
    const tail = opened(journal.tail(true));
    journal.close(makeSnapshot(makeTicket(1), 1000, 1), "done");
    journal.commit();
    journal.applyAck(makeAck(journal.chain));
    journal.recover(tail);
    expect(journal.pendingRecords).toBe(0);
    journal[Symbol.dispose]();
  });

  test("holds the sessions with most at risk when there are more than it takes", () => {
    const { journal } = makeJournal(base);
    for (let n = 1; n <= 300; n++) journal.note(makeSnapshot(makeTicket(n), 1000 * n, 1));
    const message = journal.tail(true);
    expect(opened(message).body.entries).toHaveLength(256);
    expect(message?.bytes.length).toBeLessThan(256 * 1024);
    journal[Symbol.dispose]();
  });
});

describe("without a broker", () => {
  test("tickets are taken on until the day's writes are used up, and again once it keeps the tail", async () => {
    const { journal, clock } = makeJournal(base, { limits: { budget: bytes(1_000_000) } });
    const stop = new AbortController();
    const running = journal.run(stop.signal);
    let proven = 0;
    for (let second = 1; second <= 120; second++) {
      proven += 2_500_000;
      journal.note(makeSnapshot(makeTicket(1), proven, second));
      await clock.advance(1000);
    }
    expect(journal.admits()).toEqual({ ok: false, reason: "flash-spared" });
    journal.tail(true)?.kept();
    expect(journal.admits()).toEqual({ ok: true });
    stop.abort();
    await running;
    journal[Symbol.dispose]();
  });
});
