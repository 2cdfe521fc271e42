/**
 * Any byte flipped, any end cut off (44): the journal opens, keeps the damaged copy, goes on with the
 * same key in a generation that was never used, and carries over what the damage left readable.
 * SPAREBAND_DAMAGE_STEP sets how many bytes apart the flips are; 1 tries every one.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "../../agent/core/encoding.ts";
import {
  everything,
  makeJournal,
  makeSnapshot,
  makeTicket,
} from "../../agent/journal/journal-testing.ts";
import { checkChain, provenByTicket } from "./journal-inspection.ts";

const STEP = Number(process.env.SPAREBAND_DAMAGE_STEP ?? 997);
const SEGMENTS = 6;
/** Commits of a single record, as here, lie three to a page of the database. */
const ROWS_OF_A_PAGE = 3;
const FILES = ["journal.sqlite", "journal.sqlite-wal"] as const;

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "spareband-damage-"));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

/** A journal with records in several segments, and an open session; sent, and never acked. */
function makeOriginal(stop: "cleanly" | "killed"): string {
  const live = join(base, "live");
  const { journal } = makeJournal(live);
  for (let n = 0; n < SEGMENTS; n++) {
    journal.close(makeSnapshot(makeTicket(n), 1_000_000 + n), "done");
    journal.commit();
  }
  journal.note(makeSnapshot(makeTicket(99), 5_000_000));
  journal.commit();
  journal.pending(0, everything);
  const original = join(base, "original");
  if (stop === "cleanly") journal[Symbol.dispose]();
  cpSync(live, original, { recursive: true });
  if (stop === "killed") journal[Symbol.dispose]();
  return original;
}

/** Copies the original, does the damage, opens it and looks at what is left of it. */
function openDamaged(original: string, damage: (directory: string) => void) {
  const state = join(base, "damaged");
  rmSync(state, { recursive: true, force: true });
  cpSync(original, state, { recursive: true });
  damage(join(state, "journal"));
  const { journal } = makeJournal(state);
  try {
    expect(journal.state).toEqual({ state: "ready" });
    checkChain(journal);
    const records = journal.pending(0, everything);
    const proven = provenByTicket(journal);
    if (journal.putAside) expect(existsSync(join(journal.putAside.path, FILES[0]))).toBe(true);
    return {
      generation: journal.chain.generation,
      aside: journal.putAside !== undefined,
      numbers: new Map(records.map((r) => [`${r.generation}/${r.sequence}`, sha256(r.bytes)])),
      lost: [...Array(SEGMENTS).keys(), 99].filter((n) => !proven.has(sha256(makeTicket(n).bytes))),
    };
  } finally {
    journal[Symbol.dispose]();
  }
}

describe.each(["cleanly", "killed"] as const)("a journal that was stopped %s", (stop) => {
  test(`with any one byte flipped (every ${STEP}th): no number twice, at most one page's rows lost`, () => {
    const original = makeOriginal(stop);
    const whole = openDamaged(original, () => {});
    expect(whole).toMatchObject({ generation: 1, aside: false, lost: [] });
    const tally = { positions: 0, harmless: 0, aside: 0, rolledBack: 0, lossy: 0, worst: 0 };
    for (const file of FILES) {
      const path = join(original, "journal", file);
      const size = existsSync(path) ? readFileSync(path).length : 0;
      for (let position = tally.positions % STEP; position < size; position += STEP) {
        const found = openDamaged(original, (directory) => {
          const data = readFileSync(join(directory, file));
          data[position] = (data[position] ?? 0) ^ (1 << (position % 8));
          writeFileSync(join(directory, file), data);
        });
        tally.positions += 1;
        for (const [number, hash] of found.numbers) {
          expect(whole.numbers.get(number) ?? hash).toBe(hash);
        }
        if (found.generation === 1) tally.harmless += 1;
        else if (found.aside) tally.aside += 1;
        else tally.rolledBack += 1;
        if (found.lost.length > 0) tally.lossy += 1;
        tally.worst = Math.max(tally.worst, found.lost.length);
      }
    }
    console.log(`stopped ${stop}: ${JSON.stringify(tally)}`);
    expect(tally.positions).toBeGreaterThan(15);
    expect(tally.worst).toBeLessThanOrEqual(ROWS_OF_A_PAGE);
  }, 600_000);

  test("cut off anywhere: no number twice, and the copy is kept", () => {
    const original = makeOriginal(stop);
    const whole = openDamaged(original, () => {});
    for (const file of FILES) {
      const path = join(original, "journal", file);
      const size = existsSync(path) ? readFileSync(path).length : 0;
      for (let length = 0; length < size; length += Math.ceil(size / 25)) {
        const found = openDamaged(original, (directory) =>
          truncateSync(join(directory, file), length),
        );
        for (const [number, hash] of found.numbers) {
          expect(whole.numbers.get(number) ?? hash).toBe(hash);
        }
        // What was not sent yet may be the last commit, and that looks like one cut off by a power cut.
        expect(found.generation === 1 ? found.lost.filter((n) => n !== 99) : []).toEqual([]);
      }
    }
  }, 120_000);
});
