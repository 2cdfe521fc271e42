/** What a power cut in the middle of sessions takes (6, 16), and what a month without a broker (52). */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "../../agent/accounting/envelope.ts";
import { type Hash, sha256 } from "../../agent/core/encoding.ts";
import { seededRandom } from "../../agent/core/random.ts";
import { mebibytes } from "../../agent/core/units.ts";
import { createSigner } from "../../agent/identity/ed25519.ts";
import { type Journal, journalLimits } from "../../agent/journal/journal.ts";
import {
  boxKey,
  environment,
  makeJournal,
  makeSnapshot,
  makeTicket,
} from "../../agent/journal/journal-testing.ts";
import { provenByTicket } from "./journal-inspection.ts";

// Real brokers and disks, on machines that may be busy.
setDefaultTimeout(60_000);

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "spareband-session-"));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

test.each([
  ["1 Mbit/s", 125_000],
  ["20 Mbit/s", 2_500_000],
  ["500 Mbit/s", 62_500_000],
])(
  "a cut at any moment of sessions at %s takes no more than 8 MiB or 5 s of traffic",
  async (_, rate) => {
    const state = join(base, "state");
    const { journal, clock } = makeJournal(state);
    const stop = new AbortController();
    const running = journal.run(stop.signal);
    const random = seededRandom(rate);
    const tickets = [1, 2, 3].map((n) => makeTicket(n));
    const proven = [0, 0, 0];
    let worst = 0;
    for (let second = 1; second <= 40; second++) {
      for (const [place, ticket] of tickets.entries()) {
        proven[place] = (proven[place] ?? 0) + Math.floor(rate / 3);
        journal.note(makeSnapshot(ticket, proven[place] ?? 0, second));
      }
      if (random.unit() < 0.5) {
        const cut = join(base, "cut");
        cpSync(state, cut, { recursive: true });
        const survivor = makeJournal(cut).journal;
        const kept = tickets.map((ticket) => survivor.restore(ticket.hash)?.proven ?? 0);
        const lost = proven.reduce((sum, bytes, place) => sum + bytes - (kept[place] ?? 0), 0);
        worst = Math.max(worst, lost);
        survivor[Symbol.dispose]();
        rmSync(cut, { recursive: true });
      }
      await clock.advance(1000);
    }
    expect(worst).toBeGreaterThan(0);
    expect(worst).toBeLessThanOrEqual(Math.max(mebibytes(8) + rate, 6 * rate));
    stop.abort();
    await running;
    journal[Symbol.dispose]();
  },
);

/** A broker that has what it was last given, but no longer than it is there. */
class Keeper {
  retained: Uint8Array = new Uint8Array();
  #anew = true;
  there = true;

  ask(journal: Journal): void {
    if (!this.there) {
      this.#anew = true;
      return;
    }
    const message = journal.tail(this.#anew);
    this.#anew = false;
    if (!message) return;
    this.retained = message.bytes;
    message.kept();
  }

  giveBack(journal: Journal): void {
    const signer = boxKey.publicKey;
    const tail = open("tail", this.retained, { environment, signer });
    if (tail.ok) journal.recover(tail.message);
  }
}

const HOURS = Number(process.env.SPAREBAND_FULL_HOURS ?? 2);

test.each([
  ["20 Mbit/s, the broker there", 2_500_000, "there"],
  ["300 Mbit/s, the broker there", 37_500_000, "there"],
  ["20 Mbit/s, the broker gone", 2_500_000, "gone"],
  ["20 Mbit/s, the broker coming and going", 2_500_000, "coming and going"],
] as const)(
  "a line that is full for hours at %s: a cut takes no more than 8 MiB or 5 s of traffic",
  async (_, rate, broker) => {
    const state = join(base, "state");
    const { journal, clock } = makeJournal(state);
    const stop = new AbortController();
    const running = journal.run(stop.signal);
    const random = seededRandom(rate);
    const keeper = new Keeper();
    const viewers = [0, 1, 2].map((n) => ({ ticket: makeTicket(n), proven: 0, sequence: 0 }));
    const served = new Map<Hash, number>();
    let tickets = viewers.length;
    let worst = 0;
    for (let second = 1; second <= HOURS * 3600; second++) {
      for (const viewer of viewers) {
        viewer.proven += Math.floor(rate / 3);
        viewer.sequence += 1;
        const snapshot = makeSnapshot(viewer.ticket, viewer.proven, viewer.sequence);
        served.set(viewer.ticket.hash, viewer.proven);
        if (viewer.proven + rate / 3 < mebibytes(256)) {
          journal.note(snapshot);
        } else {
          journal.close(snapshot, "max-bytes");
          Object.assign(viewer, { ticket: makeTicket(tickets++), proven: 0, sequence: 0 });
        }
      }
      if (random.unit() < 20 / (HOURS * 3600)) {
        const cut = join(base, "cut");
        cpSync(state, cut, { recursive: true });
        const survivor = makeJournal(cut).journal;
        keeper.giveBack(survivor);
        const kept = provenByTicket(survivor);
        let lost = 0;
        for (const [ticket, proven] of served) lost += proven - (kept.get(ticket) ?? 0);
        worst = Math.max(worst, lost);
        survivor[Symbol.dispose]();
        rmSync(cut, { recursive: true });
      }
      keeper.there =
        broker === "there" || (broker !== "gone" && Math.floor(second / 600) % 2 === 0);
      keeper.ask(journal);
      await clock.advance(1000);
    }
    const perDay = (journal.bytesWritten / HOURS) * 24;
    console.log(
      `worst cut ${(worst / 1e6).toFixed(1)} MB, own writes ${(perDay / 1e6).toFixed(1)} MB a day`,
    );
    expect(worst).toBeGreaterThan(0);
    expect(worst).toBeLessThanOrEqual(Math.max(mebibytes(8) + rate, 6 * rate));
    stop.abort();
    await running;
    journal[Symbol.dispose]();
  },
  600_000,
);

test("the records of a month at 20 Mbit/s without a broker fit the outbox", () => {
  const { journal } = makeJournal(base);
  const random = seededRandom(7);
  const PER_DAY = 810;
  const DAYS = 2;
  for (let n = 0; n < DAYS * PER_DAY; n++) {
    const viewer = createSigner(random.bytes(32));
    const ticket = makeTicket(n, { viewer, title: sha256(random.bytes(32)) });
    journal.close(makeSnapshot(ticket, 268_000_000, 300, 0, viewer), "max-bytes");
    // Three at a time end within a commit on a line that is full.
    if (n % 3 === 2) journal.commit();
  }
  const month = (journal.pendingBytes / DAYS) * 30;
  console.log(`a month's outbox: ${(month / 1e6).toFixed(1)} MB`);
  expect(month).toBeLessThan(journalLimits.outbox);
  journal[Symbol.dispose]();
});
