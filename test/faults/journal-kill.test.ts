/**
 * SIGKILL at random points of a process that journals (faults 5, 56): what it called durable is there,
 * and no number was ever used for two records. SPAREBAND_KILLS sets how many.
 */
import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "../../agent/core/encoding.ts";
import { seededRandom } from "../../agent/core/random.ts";
import {
  bodyOf,
  everything,
  makeJournal,
  makeTicket,
} from "../../agent/journal/journal-testing.ts";
import { checkChain, provenBy } from "./journal-inspection.ts";

const KILLS = Number(process.env.SPAREBAND_KILLS ?? 40);
const LANES = 4;

/** What the world outside knows of one box, over all its lives. */
class Witness {
  readonly durable = new Map<string, number>();
  readonly credited = new Map<string, number>();
  readonly records = new Map<string, string>();

  hear(line: string): void {
    const [kind, ...words] = line.split(" ");
    if (kind === "D")
      raise(this.durable, sha256(makeTicket(Number(words[0])).bytes), Number(words[1]));
    if (kind !== "S") return;
    const [generation, sequence, hash = "", ticket = "", proven] = words;
    this.record(`${generation}/${sequence}`, hash, ticket, Number(proven));
  }

  record(number: string, hash: string, ticket: string, proven: number): void {
    const before = this.records.get(number);
    if (before !== undefined && before !== hash) throw new Error(`number ${number} was used twice`);
    this.records.set(number, hash);
    raise(this.credited, ticket, proven);
  }
}

const raise = (map: Map<string, number>, key: string, value: number) =>
  map.set(key, Math.max(map.get(key) ?? 0, value));

async function liveAndDie(state: string, seed: number, life: number, witness: Witness) {
  const child = spawn(process.execPath, ["test/faults/journal-child.ts", state, String(seed)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.once("data", () => setTimeout(() => child.kill("SIGKILL"), life));
  child.stdout.on("data", (data) => {
    text += String(data);
  });
  await new Promise((done) => child.once("close", done));
  const whole = text.slice(0, text.lastIndexOf("\n"));
  for (const line of whole.split("\n")) witness.hear(line);
}

async function lane(number: number, kills: number): Promise<Witness> {
  const state = mkdtempSync(join(tmpdir(), "spareband-kill-"));
  const random = seededRandom(number);
  const witness = new Witness();
  for (let kill = 0; kill < kills; kill++) {
    await liveAndDie(state, number * 100_000 + kill, random.unit() * 120, witness);
  }
  const { journal } = makeJournal(state);
  checkChain(journal);
  expect(journal.putAside).toBeUndefined();
  expect(journal.chain.generation).toBe(1);
  for (const record of journal.pending(0, everything)) {
    const body = bodyOf(record);
    const hash = sha256(record.bytes);
    witness.record(
      `${record.generation}/${record.sequence}`,
      hash,
      sha256(body.ticket),
      provenBy(body),
    );
  }
  journal[Symbol.dispose]();
  rmSync(state, { recursive: true });
  return witness;
}

test(`${KILLS} times SIGKILL while journalling: nothing durable is lost, no number is used twice`, async () => {
  const kills = Math.ceil(KILLS / LANES);
  const witnesses = await Promise.all([1, 2, 3, 4].slice(0, LANES).map((n) => lane(n, kills)));
  let durable = 0;
  for (const witness of witnesses) {
    for (const [ticket, proven] of witness.durable) {
      durable += 1;
      expect(witness.credited.get(ticket) ?? 0).toBeGreaterThanOrEqual(proven);
    }
  }
  expect(durable).toBeGreaterThan(kills);
  console.log(`${kills * LANES} kills, ${durable} tickets that were durable, all of them credited`);
}, 600_000);
