/** For tests of the journal and the reporter: keys, and sessions that look like a viewer's. */
import { open, seal } from "../accounting/envelope.ts";
import type { Ack, Sealed, Ticket, UsageRecord } from "../accounting/messages.ts";
import type { Hash, Id } from "../core/encoding.ts";
import { toHex } from "../core/encoding.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLog } from "../core/log.ts";
import { seededRandom } from "../core/random.ts";
import { bytes, mebibytes, microTokens, milliseconds, unixSeconds } from "../core/units.ts";
import { createSigner, type Signer } from "../identity/ed25519.ts";
import { type Chain, NO_HEAD } from "./chain.ts";
import type { Journal, JournalOptions } from "./journal.ts";
import { openJournal } from "./open-journal.ts";
import type { StoredRecord } from "./outbox.ts";
import type { SessionSnapshot } from "./session-journal.ts";
import { openSqlite } from "./sqlite.ts";

const random = seededRandom(1);
const key = () => createSigner(random.bytes(32));

export const boxKey = key();
export const coordinatorKey = key();
export const viewerKey = key();
export const environment = "dev";

const NOW = 1_767_225_600;

export interface TicketVariety {
  readonly viewer?: Signer;
  readonly title?: Hash;
}

/** A fresh ticket of the viewer for the box; `n` makes it another one. */
export function makeTicket(n: number, variety: TicketVariety = {}): Sealed<"ticket"> {
  const body: Ticket = {
    id: n.toString(16).padStart(32, "0") as Id,
    box: boxKey.publicKey,
    viewer: (variety.viewer ?? viewerKey).publicKey,
    title: variety.title ?? ("ab".repeat(32) as Hash),
    split: variety.title ?? ("cd".repeat(32) as Hash),
    priceList: 1,
    maxBytes: mebibytes(256),
    notBefore: unixSeconds(NOW),
    startBy: unixSeconds(NOW + 600),
    expires: unixSeconds(NOW + 7200),
    settleBy: unixSeconds(NOW + 30 * 86_400),
  };
  return seal("ticket", body, coordinatorKey, environment);
}

/** A session of the ticket that got so far; the receipt is left out when nothing is proven. */
export function makeSnapshot(
  ticket: Sealed<"ticket">,
  proven: number,
  sequence = 1,
  started = 0,
  viewer = viewerKey,
): SessionSnapshot {
  const receipt = seal(
    "receipt",
    { ticket: ticket.hash, sequence, bytes: bytes(proven), elapsed: milliseconds(1000 * sequence) },
    viewer,
    environment,
  );
  return {
    ticket,
    ...(proven > 0 ? { receipt } : {}),
    wireBytes: bytes(proven + 1000),
    started: milliseconds(started),
  };
}

/** What the coordinator says of everything up to where the chain stands, with anything overridden. */
export function makeAck(chain: Chain, ack: Partial<Ack> = {}): Sealed<"ack"> {
  const body: Ack = {
    box: boxKey.publicKey,
    generation: chain.generation,
    upTo: chain.sequence,
    head: chain.sequence === 0 ? NO_HEAD : chain.head,
    refused: [],
    creditedTotal: microTokens(0n),
    at: unixSeconds(NOW),
    ...ack,
  };
  return seal("ack", body, coordinatorKey, environment);
}

/** A journal in a directory, on a clock that stands still until the test moves it. */
export function makeJournal(
  state: string,
  options: Partial<JournalOptions> = {},
): { readonly journal: Journal; readonly clock: FakeClock } {
  const clock = new FakeClock();
  const journal = openJournal({
    directory: `${state}/journal`,
    floorPath: `${state}/identity/journal.floor`,
    signer: boxKey,
    environment,
    openDatabase: openSqlite,
    clock,
    clockQuality: () => "synchronised",
    random: seededRandom(Number.parseInt(toHex(random.bytes(4)), 16)),
    log: silentLog,
    ...options,
    limits: { ballast: bytes(0), ...options.limits },
  });
  return { journal, clock };
}

export const everything = { records: 1_000_000, bytes: mebibytes(1024) };

/** Sessions of the tickets `from` to `to`, each of a million proven bytes, closed and durable. */
export function serveSessions(journal: Journal, from: number, to: number): void {
  for (let n = from; n <= to; n++) {
    const ticket = makeTicket(n);
    journal.note(makeSnapshot(ticket, 500_000));
    journal.close(makeSnapshot(ticket, 1_000_000, 2), "done");
  }
  journal.commit();
}

/** What a record says; throws where its signature does not hold. */
export function bodyOf(record: StoredRecord | undefined): UsageRecord {
  const opened = open("record", record?.bytes ?? new Uint8Array(), { environment });
  if (!opened.ok) throw new Error(`record ${record?.sequence} cannot be opened: ${opened.detail}`);
  return opened.message.body;
}
