/**
 * Faults of the disk under the journal, made on an ext4 of our own: power cuts that lose what was not
 * synced (5, 6), a full file system (43), one that turns read-only (42).
 */
import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { closeSync, copyFileSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "../../agent/core/encoding.ts";
import { seededRandom } from "../../agent/core/random.ts";
import { bytes, mebibytes } from "../../agent/core/units.ts";
import type { Journal } from "../../agent/journal/journal.ts";
import {
  everything,
  makeJournal,
  makeSnapshot,
  makeTicket,
} from "../../agent/journal/journal-testing.ts";
import { checkChain, provenByTicket } from "./journal-inspection.ts";
import { makeLoopFileSystem, mountImage, noLoopFileSystem } from "./loop-file-system.ts";

const CUTS = Number(process.env.SPAREBAND_CUTS ?? 12);
const missing = noLoopFileSystem === undefined ? "" : ` (${noLoopFileSystem})`;

describe.skipIf(noLoopFileSystem !== undefined)(`journal on a failing disk${missing}`, () => {
  test(`${CUTS} power cuts: the chain is intact, and all that was committed is there`, () => {
    using loop = makeLoopFileSystem(16);
    const random = seededRandom(11);
    const { journal } = makeJournal(loop.path);
    const copies = mkdtempSync(join(tmpdir(), "spareband-cut-"));
    const durable = new Map<string, number>();
    const noted = new Map<number, number>();
    for (let cut = 0; cut < CUTS; cut++) {
      const steps = 5 + Math.floor(random.unit() * 40);
      for (let step = 0; step < steps; step++) {
        const number = Math.floor(random.unit() * 20) + cut * 5;
        const proven = (noted.get(number) ?? 0) + Math.floor(random.unit() * 900_000);
        noted.set(number, proven);
        const snapshot = makeSnapshot(makeTicket(number), proven, step + 1);
        if (random.unit() < 0.3) journal.close(snapshot, "done");
        else journal.note(snapshot);
        if (random.unit() < 0.2) {
          expect(journal.commit()).toBe(true);
          for (const [n, amount] of noted) durable.set(sha256(makeTicket(n).bytes), amount);
          journal.pending(0, everything);
        }
      }
      const image = join(copies, "image");
      copyFileSync(loop.image, image);
      using after = mountImage(image);
      const { journal: survivor } = makeJournal(after.path);
      expect(survivor.putAside).toBeUndefined();
      expect(survivor.chain.generation).toBe(1);
      checkChain(survivor);
      const proven = provenByTicket(survivor);
      for (const [ticket, amount] of durable) {
        expect(proven.get(ticket as never) ?? 0).toBeGreaterThanOrEqual(amount);
      }
      survivor[Symbol.dispose]();
    }
    journal[Symbol.dispose]();
    rmSync(copies, { recursive: true });
  }, 120_000);

  test("a full disk: the ballast is given back, then tickets are refused, and no receipt is lost", async () => {
    using loop = makeLoopFileSystem(16);
    const { journal, clock } = makeJournal(loop.path, { limits: { ballast: mebibytes(2) } });
    const stop = new AbortController();
    const running = journal.run(stop.signal);
    await clock.advance(1000);
    const filler = fill(loop.path);
    let served = 0;
    while (journal.admits().ok && served < 60_000) served = serve(journal, served, served + 200);
    expect(served).toBeGreaterThan(1000);
    expect(journal.state.state).toBe("failing");
    expect(journal.admits()).toEqual({ ok: false, reason: "storage-failing" });
    serve(journal, served, served + 10);
    expect(journal.pending(0, { records: 10, bytes: mebibytes(1) })).toHaveLength(10);

    rmSync(filler);
    await clock.advance(6000);
    expect(journal.state).toEqual({ state: "ready" });
    expect(journal.admits()).toEqual({ ok: true });
    expect(journal.chain.sequence).toBe(served + 10);
    await clock.advance(2000);
    stop.abort();
    await running;
    journal[Symbol.dispose]();

    const { journal: again } = makeJournal(loop.path);
    expect(again.chain.sequence).toBe(served + 10);
    checkChain(again);
    again[Symbol.dispose]();
  }, 120_000);

  test("a disk with hardly room for the ballast is not written to again and again", async () => {
    using loop = makeLoopFileSystem(16);
    const { journal, clock } = makeJournal(loop.path, { limits: { ballast: mebibytes(2) } });
    const stop = new AbortController();
    const running = journal.run(stop.signal);
    await clock.advance(1000);
    expect(journal.diskFull).toBe(false);
    const filler = fill(loop.path);
    while (!journal.diskFull && journal.admits().ok) {
      serve(journal, journal.chain.sequence, journal.chain.sequence + 200);
      await clock.advance(1000);
    }
    expect(journal.diskFull).toBe(true);
    const before = loop.written();
    await clock.advance(60_000);
    expect(loop.written() - before).toBeLessThan(mebibytes(1));
    rmSync(filler);
    await clock.advance(2000);
    expect(journal.diskFull).toBe(false);
    stop.abort();
    await running;
    journal[Symbol.dispose]();
  }, 120_000);

  test("a disk that turns read-only and back: nothing promised, nothing lost; a start on it says why", async () => {
    using loop = makeLoopFileSystem(16);
    const { journal, clock } = makeJournal(loop.path);
    serve(journal, 0, 3);
    loop.breakDown();
    serve(journal, 3, 5);
    expect(journal.state.state).toBe("failing");
    expect(journal.admits().ok).toBe(false);
    expect(journal.chain.sequence).toBe(3);
    const { journal: onReadOnly } = makeJournal(join(loop.path, "other"));
    expect(onReadOnly.state.state).toBe("unavailable");
    expect(onReadOnly.admits()).toEqual({ ok: false, reason: "storage-failing" });
    await clock.advance(6000);
    journal[Symbol.dispose]();
  });

  test("a start on a disk that is read-only or full: opened by itself once that is over", async () => {
    for (const fault of ["read-only", "full"] as const) {
      using loop = makeLoopFileSystem(16);
      const filler = fault === "full" ? fill(loop.path) : undefined;
      if (fault === "read-only") loop.remount("ro");
      const { journal, clock } = makeJournal(join(loop.path, "state"));
      const stop = new AbortController();
      const running = journal.run(stop.signal);
      await clock.advance(400_000);
      expect(journal.state.state).toBe("unavailable");
      if (filler === undefined) loop.remount("rw");
      else rmSync(filler);
      await clock.advance(301_000);
      expect(journal.state).toEqual({ state: "ready" });
      expect(journal.admits()).toEqual({ ok: true });
      expect(serve(journal, 0, 3)).toBe(journal.chain.sequence);
      stop.abort();
      await running;
      journal[Symbol.dispose]();
    }
  });

  test("a disk that broke and was mounted again: what was in memory is in the journal that opens", async () => {
    using loop = makeLoopFileSystem(16);
    const { journal, clock } = makeJournal(loop.path);
    const stop = new AbortController();
    const running = journal.run(stop.signal);
    serve(journal, 0, 3);
    loop.breakDown();
    journal.note(makeSnapshot(makeTicket(7), 2_000_000));
    serve(journal, 3, 5);
    await clock.advance(60_000);
    expect(journal.state.state).toBe("failing");

    loop.mountAgain();
    await clock.advance(301_000);
    expect(journal.state).toEqual({ state: "ready" });
    const proven = provenByTicket(journal);
    for (const n of [0, 1, 2, 3, 4]) {
      expect(proven.get(sha256(makeTicket(n).bytes))).toBe(bytes(1_000_000));
    }
    expect(proven.get(sha256(makeTicket(7).bytes))).toBe(bytes(2_000_000));
    checkChain(journal);
    expect(journal.putAside).toBeUndefined();
    stop.abort();
    await running;
    journal[Symbol.dispose]();
  });
});

function serve(journal: Journal, from: number, to: number): number {
  for (let n = from; n < to; n++) journal.close(makeSnapshot(makeTicket(n), 1_000_000), "done");
  journal.commit();
  return to;
}

/** Takes every free block, and returns the file that has them. */
function fill(directory: string): string {
  const path = join(directory, "filler");
  const file = openSync(path, "w");
  try {
    for (const size of [1 << 20, 4096]) {
      try {
        for (;;) writeSync(file, Buffer.alloc(size, 1));
      } catch (fault) {
        if (!String(fault).includes("ENOSPC")) throw fault;
      }
    }
  } finally {
    closeSync(file);
  }
  spawnSync("sync", ["-f", directory]);
  return path;
}
