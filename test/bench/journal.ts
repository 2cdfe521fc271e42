/**
 * What the journal costs: records signed and journalled per second on one core beside the two things
 * it is made of, and bytes to flash. Run with `bun test/bench/journal.ts`.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sealed } from "../../agent/accounting/messages.ts";
import { sha256 } from "../../agent/core/encoding.ts";
import { seededRandom } from "../../agent/core/random.ts";
import { createSigner, type Signer } from "../../agent/identity/ed25519.ts";
import type { Database } from "../../agent/journal/database.ts";
import type { Journal } from "../../agent/journal/journal.ts";
import {
  boxKey,
  everything,
  makeAck,
  makeJournal,
  makeSnapshot,
  makeTicket,
} from "../../agent/journal/journal-testing.ts";
import type { SessionSnapshot } from "../../agent/journal/session-journal.ts";
import { openSqlite } from "../../agent/journal/sqlite.ts";
import { makeLoopFileSystem, noLoopFileSystem } from "../faults/loop-file-system.ts";

/** 0 leaves the speed out. */
const RECORDS = Number(process.env.SPAREBAND_BENCH_RECORDS ?? 4000);
/** As many as a busy box commits at once. */
const BATCH = Number(process.env.SPAREBAND_BENCH_BATCH ?? 100);
const ROUNDS = 7;
/** Hours of a box's life that the flash figures are taken over; 0 leaves them out. */
const HOURS = Number(process.env.SPAREBAND_BENCH_HOURS ?? 1);

/** The best of the rounds, in records a second: what the machine can do when nobody else uses it. */
const best = (times: readonly number[]) => Math.round((RECORDS * 1000) / Math.min(...times));

function time(work: () => void): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}

/** The three things in turn, so that a busy moment of the machine meets all of them. */
function speed(): void {
  const directory = mkdtempSync(join(tmpdir(), "spareband-bench-"));
  const { journal } = makeJournal(directory);
  const db = openSqlite(join(directory, "bare.sqlite"), { readOnly: false });
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  db.exec("CREATE TABLE record (id INTEGER PRIMARY KEY, body BLOB)");
  const times = { ours: [] as number[], signing: [] as number[], inserting: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    const snapshots = Array.from({ length: RECORDS }, (_, n) =>
      makeSnapshot(makeTicket(round * RECORDS + n), 1_000_000),
    );
    const before = journal.chain.sequence;
    times.ours.push(time(() => close(journal, snapshots)));
    const records = journal.pending(before, everything).map((record) => record.bytes);
    times.signing.push(time(() => records.forEach((record) => void boxKey.sign(record))));
    times.inserting.push(time(() => insert(db, records)));
  }
  journal[Symbol.dispose]();
  db.close();
  rmSync(directory, { recursive: true });
  const ours = best(times.ours);
  const slower = Math.min(best(times.signing), best(times.inserting));
  console.log(`records/s, signed and journalled, batches of ${BATCH}: ${ours}`);
  console.log(`  bare node:crypto signatures/s:                  ${best(times.signing)}`);
  console.log(`  bare SQLite inserts/s, same bytes and batches:  ${best(times.inserting)}`);
  console.log(`  ours to the slower of them:                     ${(ours / slower).toFixed(2)}`);
}

function close(journal: Journal, snapshots: readonly SessionSnapshot[]): void {
  snapshots.forEach((snapshot, n) => {
    journal.close(snapshot, "done");
    if (n % BATCH === BATCH - 1) journal.commit();
  });
}

function insert(db: Database, records: readonly Uint8Array[]): void {
  const statement = db.prepare("INSERT INTO record (body) VALUES (?)");
  for (let at = 0; at < records.length; at += BATCH) {
    db.exec("BEGIN");
    for (const record of records.slice(at, at + BATCH)) statement.run(record);
    db.exec("COMMIT");
  }
}

/** write_bytes of proc(5): pages this process made the kernel write. */
const processWritten = () =>
  Number(/^write_bytes: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);

interface Load {
  readonly name: string;
  readonly seconds: number;
  /** What happens in one second. */
  readonly second: (journal: Journal, now: number) => void;
}

const random = seededRandom(9);
const viewers = Array.from({ length: 500 }, () => createSigner(random.bytes(32)));
const titles = Array.from({ length: 100 }, () => sha256(random.bytes(32)));

/** Viewers and titles in such variety that records of one commit have little in common. */
function newSession(n: number): { readonly ticket: Sealed<"ticket">; readonly viewer: Signer } {
  const viewer = viewers[Math.floor(random.unit() * viewers.length)] ?? boxKey;
  const title = titles[Math.floor(random.unit() ** 3 * titles.length)];
  return { ticket: makeTicket(n, { viewer, ...(title ? { title } : {}) }), viewer };
}

/** One ticket of 60 kB, opened, receipted and closed each second. */
const oneASecond: Load = {
  name: "1 record/s",
  seconds: HOURS * 3600,
  second(journal, now) {
    const { ticket, viewer } = newSession(now);
    journal.note(makeSnapshot(ticket, 30_000, 1, now * 1000, viewer));
    journal.close(makeSnapshot(ticket, 60_000, 2, now * 1000, viewer), "done");
  },
};

/** Seconds in which a viewer at a third of 20 Mbit/s uses a ticket up. */
const TURN = 322;

/** 20 Mbit/s all day: three viewers, a receipt a second each. */
function makeAllDay(): Load {
  const places = [0, 107, 214].map((ahead) => ({ ahead, session: newSession(ahead), since: 0 }));
  return {
    name: "20 Mbit/s without a pause",
    seconds: HOURS * 3600,
    second(journal, now) {
      for (const place of places) {
        const { ticket, viewer } = place.session;
        const turns = (now + place.ahead) % TURN;
        const got = now - place.since + 1;
        const snapshot = makeSnapshot(ticket, got * 833_000, got, place.since * 1000, viewer);
        if (turns < TURN - 1) {
          journal.note(snapshot);
        } else {
          journal.close(snapshot, "max-bytes");
          place.session = newSession(1_000_000 + 3 * now + place.ahead);
          place.since = now + 1;
        }
      }
    },
  };
}

async function flash(load: Load, blockSize: number): Promise<void> {
  const loop = noLoopFileSystem === undefined ? makeLoopFileSystem(128, blockSize) : undefined;
  const directory = loop?.path ?? mkdtempSync(join(tmpdir(), "spareband-bench-"));
  const { journal, clock } = makeJournal(directory);
  const stop = new AbortController();
  const running = journal.run(stop.signal);
  const before = {
    process: processWritten(),
    device: loop?.written() ?? 0,
    own: journal.bytesWritten,
  };
  let sent = 0;
  let tails = 0;
  for (let now = 0; now < load.seconds; now++) {
    load.second(journal, now);
    const tail = journal.tail(now === 0);
    tails += tail?.bytes.length ?? 0;
    tail?.kept();
    await clock.advance(1000);
    const last = journal.pending(sent, everything).at(-1);
    if (last) {
      sent = last.sequence;
      journal.applyAck(makeAck(journal.chain, { upTo: sent, head: sha256(last.bytes) }));
    }
  }
  journal.commit();
  const records = journal.chain.sequence;
  const figures = {
    "SQLite pages and floor blocks": journal.bytesWritten - before.own,
    "the process (write_bytes)": processWritten() - before.process,
    ...(loop
      ? { "the ext4 block device, its journal included": loop.written() - before.device }
      : {}),
  };
  console.log(
    `flash, ${load.name} for ${load.seconds} s, ${records} records, acked at once, blocks of ${blockSize}:`,
  );
  for (const [name, amount] of Object.entries(figures)) {
    const perRecord = Math.round(amount / records);
    const perDay = ((amount / load.seconds) * 86_400) / 1e6;
    console.log(`  ${name}: ${perRecord} bytes a record, ${perDay.toFixed(1)} MB a day`);
  }
  console.log(`  the tail on the line: ${Math.round((tails * 8) / load.seconds)} bit/s`);
  stop.abort();
  await running;
  journal[Symbol.dispose]();
  if (loop) loop[Symbol.dispose]();
  else rmSync(directory, { recursive: true });
}

if (RECORDS > 0) speed();
if (HOURS > 0) {
  for (const blockSize of [1024, 4096]) {
    await flash(oneASecond, blockSize);
    await flash(makeAllDay(), blockSize);
  }
}
if (noLoopFileSystem !== undefined) console.log(`block device not measured: ${noLoopFileSystem}`);
