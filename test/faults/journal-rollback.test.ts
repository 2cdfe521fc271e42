/**
 * Storage that is rolled back or copied (10, 11, 12): a number that left the box is never used for
 * another record, and whoever is behind learns it from the floor or from the coordinator.
 */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "../../agent/core/encoding.ts";
import type { Journal } from "../../agent/journal/journal.ts";
import {
  everything,
  makeAck,
  makeJournal,
  makeSnapshot,
  makeTicket,
} from "../../agent/journal/journal-testing.ts";
import { checkChain, provenByTicket } from "./journal-inspection.ts";

// Real brokers and disks, on machines that may be busy.
setDefaultTimeout(60_000);

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "spareband-rollback-"));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function serve(journal: Journal, from: number, to: number): void {
  for (let n = from; n <= to; n++) journal.close(makeSnapshot(makeTicket(n), 1000 + n), "done");
  journal.commit();
}

const numbers = (journal: Journal) =>
  new Map(
    journal
      .pending(0, everything)
      .map((r) => [`${r.generation}/${r.sequence}`, sha256(r.bytes)] as const),
  );

/** A box that served 1–2, was copied, and then served 3–4 and sent them. */
function makeHistory() {
  const state = join(base, "state");
  const backup = join(base, "backup");
  const first = makeJournal(state).journal;
  serve(first, 1, 2);
  first.pending(0, everything);
  first[Symbol.dispose]();
  cpSync(state, backup, { recursive: true });
  const second = makeJournal(state).journal;
  serve(second, 3, 4);
  const sent = numbers(second);
  const { chain } = second;
  second[Symbol.dispose]();
  return { state, backup, sent, chain };
}

describe("storage rolled back", () => {
  test("the journal alone: the floor tells, a new generation begins, nothing is numbered twice", () => {
    const { state, backup, sent } = makeHistory();
    rmSync(join(state, "journal"), { recursive: true });
    cpSync(join(backup, "journal"), join(state, "journal"), { recursive: true });
    const { journal } = makeJournal(state);
    serve(journal, 5, 5);
    expect(journal.chain.generation).toBe(2);
    for (const [number, hash] of numbers(journal)) expect(sent.get(number) ?? hash).toBe(hash);
    expect(provenByTicket(journal).size).toBe(3);
    checkChain(journal);
    journal[Symbol.dispose]();
  });

  test("the journal gone, or the floor gone or garbled: a new generation", () => {
    for (const [part, garbage] of [
      ["journal", undefined],
      ["identity/journal.floor", undefined],
      ["identity/journal.floor", "garbage"],
    ] as const) {
      const { state } = makeHistory();
      rmSync(join(state, part), { recursive: true });
      if (garbage !== undefined) writeFileSync(join(state, part), garbage);
      const { journal } = makeJournal(state);
      expect(journal.chain.generation).toBe(2);
      journal[Symbol.dispose]();
      rmSync(state, { recursive: true });
      rmSync(join(base, "backup"), { recursive: true });
    }
  });

  test("the whole state directory: the coordinator's answer to the birth tells", () => {
    const { backup, sent, chain } = makeHistory();
    const { journal } = makeJournal(backup);
    expect(journal.chain).toMatchObject({ generation: 1, sequence: 2 });
    const answer = makeAck(journal.chain, { upTo: chain.sequence, head: chain.head });
    expect(journal.applyAck(answer).result).toBe("new-generation");
    serve(journal, 5, 5);
    for (const [number, hash] of numbers(journal)) expect(sent.get(number) ?? hash).toBe(hash);
    expect(journal.chain.generation).toBe(2);
    checkChain(journal);
    journal[Symbol.dispose]();
  });

  test("a coordinator that saw another record under our number, or a later generation, is believed", () => {
    const { backup } = makeHistory();
    const { journal } = makeJournal(backup);
    serve(journal, 6, 6);
    const fork = makeAck(journal.chain, { head: sha256(Buffer.from("another record")) });
    expect(journal.applyAck(fork)).toMatchObject({ result: "new-generation", generation: 2 });
    const later = makeAck(journal.chain, { generation: 7, upTo: 0, head: "0".repeat(64) as never });
    expect(journal.applyAck(later)).toMatchObject({ result: "new-generation", generation: 8 });
    expect(journal.chain).toMatchObject({ generation: 8, sequence: 3 });
    journal[Symbol.dispose]();
  });
});

test("a clone: once the coordinator holds both back, neither runs ahead of the other", () => {
  const { state, backup } = makeHistory();
  const box = makeJournal(state).journal;
  const clone = makeJournal(backup).journal;
  serve(clone, 9, 9);
  const held = (journal: Journal) =>
    makeAck(journal.chain, {
      upTo: 4,
      head: sha256(Buffer.from("whose?")),
      quarantine: "clone-suspected",
    });
  for (const journal of [box, clone]) {
    expect(journal.applyAck(held(journal)).result).toBe("applied");
    expect(journal.chain.generation).toBe(1);
    expect(journal.admits()).toEqual({ ok: false, reason: "quarantined" });
    journal[Symbol.dispose]();
  }
});
