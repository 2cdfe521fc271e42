/**
 * Receipts a second, end to end: boxes publish usage frames to a real Mosquitto, the coordinator
 * verifies, credits and acks them into SQLite. Beside it, in the same run, what node:crypto verifies
 * and what SQLite inserts with nothing around it.
 *
 *   bun test/bench/coordinator.ts [receipts]
 */
import { spawn } from "node:child_process";
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeBatch } from "../../agent/accounting/batch.ts";
import { createWorld, type World } from "../../agent/coordinator/coordinator-testing.ts";
import { defaultIngestLimits, Ingest } from "../../agent/coordinator/ingest.ts";
import { createMqttLink } from "../../agent/coordinator/mqtt-link.ts";
import { openDatabase } from "../../agent/coordinator/store/sqlite.ts";
import { runAll } from "../../agent/core/part.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { hasMosquitto, startMosquitto } from "../faults/mosquitto.ts";
import type { FeederPlan } from "./coordinator-feeder.ts";

const MIB = 1024 * 1024;
const BOXES = 24;
const RECORDS_PER_TICKET = 4;
const RECORDS_PER_FRAME = 64;
const BAR = { perSecond: 3_000, ratio: 0.4 };

const receipts = Number(process.argv[2] ?? 24_000);
const directory = mkdtempSync(join(tmpdir(), "spareband-bench-"));
const say = (line: string) => process.stdout.write(`${line}\n`);

/** Wall and CPU seconds of this process that a piece of work took. */
async function measured(work: () => unknown): Promise<{ wall: number; cpu: number }> {
  const started = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { wall: (performance.now() - started) / 1000, cpu: (user + system) / 1e6 };
}

function makeFrames(world: World) {
  const each = Math.ceil(receipts / BOXES);
  return Array.from({ length: BOXES }, () => {
    const box = world.addBox();
    const records: Uint8Array[] = [];
    while (records.length < each) {
      const viewer = world.addViewer();
      const ticket = world.issue(box, viewer);
      for (let part = 1; part <= RECORDS_PER_TICKET && records.length < each; part++) {
        const closeReason = part === RECORDS_PER_TICKET ? "done" : "open";
        records.push(box.record({ ticket, viewer, proven: part * 8 * MIB, closeReason }).bytes);
      }
    }
    const frames: string[] = [];
    for (let at = 0; at < records.length; at += RECORDS_PER_FRAME) {
      const frame = encodeBatch(records.slice(at, at + RECORDS_PER_FRAME));
      frames.push(Buffer.from(frame).toString("base64"));
    }
    return { key: box.key, frames, records };
  });
}

/** Two signatures a receipt: the box's on the record, the viewer's on the receipt. */
async function bareVerification(count: number): Promise<number> {
  const pairs = Array.from({ length: 64 }, (_, index) => {
    const der = Buffer.concat([
      Buffer.from("302e020100300506032b657004220420", "hex"),
      Buffer.alloc(32, index + 1),
    ]);
    const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    const message = Buffer.alloc(600, index);
    const publicKey: KeyObject = createPublicKey(privateKey);
    return { publicKey, message, signature: sign(null, message, privateKey) };
  });
  const { cpu } = await measured(() => {
    for (let done = 0; done < count * 2; done++) {
      const { publicKey, message, signature } = pairs[done % 64] as (typeof pairs)[number];
      if (!verify(null, message, publicKey, signature)) throw new Error("verification failed");
    }
  });
  return count / cpu;
}

/** The rows that crediting writes, in transactions of the same size, from values made before. */
async function bareInserts(recordBytes: readonly Uint8Array[], perCommit: number) {
  const db = openDatabase(join(directory, "bare.sqlite"));
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536");
  db.exec(`CREATE TABLE records (box INTEGER, generation INTEGER, sequence INTEGER, hash BLOB,
    bytes BLOB, credited INTEGER, code TEXT, at INTEGER, UNIQUE (box, generation, sequence));
    CREATE TABLE ledger (line INTEGER PRIMARY KEY, entry INTEGER, account INTEGER, amount INTEGER,
    source BLOB, at INTEGER); CREATE INDEX by_account ON ledger (account, line);`);
  const record = db.prepare("INSERT INTO records VALUES (?, 0, ?, ?, ?, ?, NULL, ?)");
  const line = db.prepare("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?)");
  const hash = new Uint8Array(32);
  const { cpu, wall } = await measured(() => {
    let lines = 0;
    for (let at = 0; at < recordBytes.length; at += perCommit) {
      db.exec("BEGIN IMMEDIATE");
      for (const [index, bytes] of recordBytes.slice(at, at + perCommit).entries()) {
        const number = at + index;
        record.run(number % BOXES, number, hash, bytes, 8 * MIB, 1_767_225_600);
        for (let part = 0; part < 3; part++) {
          line.run(
            lines,
            number * 3,
            part === 1 ? number % BOXES : part,
            8_000,
            hash,
            1_767_225_600,
          );
          lines += 1;
        }
      }
      db.exec("COMMIT");
    }
  });
  db.close();
  return { perCpuSecond: recordBytes.length / cpu, perSecond: recordBytes.length / wall };
}

async function endToEnd(world: World, boxes: ReturnType<typeof makeFrames>) {
  const users = Object.fromEntries([
    ["coordinator", "bench"],
    ...boxes.map(({ key }) => [key, "bench"] as const),
  ]);
  await using broker = await startMosquitto({ fleet: "test", users });
  const spent = { prepare: 0, credit: 0 };
  const timed =
    <A extends unknown[], R>(name: keyof typeof spent, work: (...args: A) => R) =>
    (...args: A): R => {
      const started = process.cpuUsage();
      const result = work(...args);
      const { user, system } = process.cpuUsage(started);
      spent[name] += (user + system) / 1000;
      return result;
    };
  const ingest: Ingest = new Ingest({
    prepare: timed("prepare", world.prepare),
    credit: timed("credit", world.credit),
    publishAck: (ack) => link.publish(ack.body.box, "ack", ack.bytes),
    limits: defaultIngestLimits,
    clock: systemClock,
    log: world.log,
  });
  const listening = Promise.withResolvers<void>();
  const link = createMqttLink({
    url: broker.url,
    fleet: "test",
    group: "workers",
    credentials: { username: "coordinator", password: "bench" },
    onMessage: (box, kind, payload) => (kind === "usage" ? ingest.offer(box, payload) : undefined),
    log: { ...world.log, info: () => listening.resolve() },
  });
  const stop = new AbortController();
  const running = runAll([ingest, link], stop.signal);
  await listening.promise;
  const plan: FeederPlan = {
    url: broker.url,
    fleet: "test",
    coordinator: world.signer.publicKey,
    boxes: boxes.map(({ key, frames }) => ({ key, frames })),
  };
  const planFile = join(directory, "plan.json");
  writeFileSync(planFile, JSON.stringify(plan));
  const time = await measured(() => feeder(planFile));
  stop.abort();
  await running;
  return { time, spent, figures: ingest.figures };
}

function feeder(planFile: string): Promise<void> {
  const script = join(import.meta.dir, "coordinator-feeder.ts");
  const child = spawn(process.execPath, [script, planFile], { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`feeder: ${code}`))));
  });
}

async function main() {
  if (!hasMosquitto) {
    say("skipped: mosquitto is not installed");
    return;
  }
  const world = createWorld({ database: join(directory, "coordinator.sqlite") });
  const boxes = makeFrames(world);
  const all = boxes.flatMap(({ records }) => records);
  const { time, spent, figures } = await endToEnd(world, boxes);
  const perCommit = Math.round(all.length / figures.commits);
  const verification = await bareVerification(all.length);
  const inserts = await bareInserts(all, perCommit);
  const rate = all.length / time.wall;
  const perCpuSecond = all.length / time.cpu;
  const slower = Math.min(verification, inserts.perCpuSecond);
  const micro = (ms: number) => `${((ms * 1000) / all.length).toFixed(0)} µs a receipt`;
  say(`receipts                         ${all.length} of ${BOXES} boxes, ${perCommit} in a commit`);
  say(
    `end to end                       ${rate.toFixed(0)} a second, ${perCpuSecond.toFixed(0)} a CPU second`,
  );
  say(
    `bare node:crypto verification    ${verification.toFixed(0)} a CPU second (2 signatures each)`,
  );
  say(
    `bare SQLite inserts              ${inserts.perCpuSecond.toFixed(0)} a CPU second, ${inserts.perSecond.toFixed(0)} a second (4 rows each)`,
  );
  say(`ratio to the slower of them      ${(perCpuSecond / slower).toFixed(2)} by CPU time`);
  say("where the time goes");
  say(`  signatures, decoding, hashes   ${micro(spent.prepare)}`);
  say(`    of that bare verification    ${micro((all.length / verification) * 1000)}`);
  say(`  transaction with ack           ${micro(spent.credit)}`);
  say(`  MQTT and the rest              ${micro(time.cpu * 1000 - spent.prepare - spent.credit)}`);
  const { paid, throttled, malformed } = figures;
  const audit = world.store.ledger.audit();
  const sound = paid === all.length && audit.total === 0n && audit.drifted === 0n;
  say(
    `paid ${paid}, throttled ${throttled}, malformed ${malformed}, ledger ${sound ? "sound" : "UNSOUND"}`,
  );
  // By CPU time: other programs on the machine are not the coordinator's cost.
  const met = sound && perCpuSecond >= BAR.perSecond && perCpuSecond / slower >= BAR.ratio;
  say(met ? "bar met" : `bar missed: ${BAR.perSecond} a CPU second and a ratio of ${BAR.ratio}`);
  process.exitCode = met ? 0 : 1;
}

try {
  await main();
} finally {
  rmSync(directory, { recursive: true, force: true });
}
