/**
 * A box's journal under load, to be killed: argv is the state directory and a seed. Says on stdout
 * what it may be held to, a line each: `D <ticket> <proven>` once that is durable, `S <generation>
 * <sequence> <hash> <ticket> <proven>` before a record leaves, `A <generation> <sequence>` once acked.
 */
import { writeSync } from "node:fs";
import { sha256 } from "../../agent/core/encoding.ts";
import { seededRandom } from "../../agent/core/random.ts";
import { bytes, mebibytes } from "../../agent/core/units.ts";
import {
  bodyOf,
  makeAck,
  makeJournal,
  makeSnapshot,
  makeTicket,
} from "../../agent/journal/journal-testing.ts";
import { provenBy } from "./journal-inspection.ts";

const [directory = "", seed = "0"] = process.argv.slice(2);
const random = seededRandom(Number(seed));
const say = (line: string) => writeSync(1, `${line}\n`);
const { journal } = makeJournal(directory, { limits: { ballast: bytes(65_536) } });

interface Running {
  readonly number: number;
  readonly ticket: ReturnType<typeof makeTicket>;
  proven: number;
  sequence: number;
}

const base = Number(seed) * 1000;
let next = base;
const running: Running[] = [];
let unsaid: Running[] = [];
let sent = journal.chain.acked;
let generation = journal.chain.generation;
say("ready");
for (;;) {
  const choice = random.unit();
  const pick = running[Math.floor(random.unit() * running.length)];
  if (choice < 0.15 || !pick) {
    const number = next++;
    running.push({ number, ticket: makeTicket(number), proven: 0, sequence: 0 });
  } else if (choice < 0.7) {
    pick.proven += Math.floor(random.unit() * 500_000);
    pick.sequence += 1;
    journal.note(makeSnapshot(pick.ticket, pick.proven, pick.sequence));
    unsaid.push({ ...pick });
  } else if (choice < 0.8) {
    journal.close(makeSnapshot(pick.ticket, pick.proven, pick.sequence), "done");
    running.splice(running.indexOf(pick), 1);
    unsaid.push({ ...pick });
  } else if (choice < 0.9) {
    if (journal.commit()) for (const { number, proven } of unsaid) say(`D ${number} ${proven}`);
    unsaid = [];
  } else {
    publish();
  }
}

function publish(): void {
  if (journal.chain.generation !== generation) {
    generation = journal.chain.generation;
    sent = 0;
  }
  const batch = journal.pending(sent, { records: 8, bytes: mebibytes(1) });
  for (const record of batch) {
    const body = bodyOf(record);
    const hash = sha256(record.bytes);
    say(
      `S ${record.generation} ${record.sequence} ${hash} ${sha256(body.ticket)} ${provenBy(body)}`,
    );
  }
  const last = batch.at(-1);
  sent = last?.sequence ?? sent;
  if (!last || random.unit() < 0.4) return;
  journal.applyAck(makeAck(journal.chain, { upTo: last.sequence, head: sha256(last.bytes) }));
  say(`A ${last.generation} ${last.sequence}`);
}
