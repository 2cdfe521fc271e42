/** A coordinator's verifier on a real SQLite database with boxes and viewers to drive it, for tests. */
import { seal, splitId } from "../accounting/envelope.ts";
import type {
  CloseReason,
  Environment,
  Sealed,
  Split,
  Ticket,
  UsageRecord,
} from "../accounting/messages.ts";
import type { Hash, Id } from "../core/encoding.ts";
import { sha256, toHex } from "../core/encoding.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { createLog } from "../core/log.ts";
import { type Random, seededRandom } from "../core/random.ts";
import {
  basisPoints,
  bytes,
  type Milliseconds,
  mebibytes,
  milliseconds,
  toUnixSeconds,
  unixSeconds,
} from "../core/units.ts";
import { createSigner, type Signer } from "../identity/ed25519.ts";
import { defaultPolicy, type Policy } from "./policy.ts";
import { defaultPriceList } from "./price-list.ts";
import { openDatabase, type SqliteOpen } from "./store/sqlite.ts";
import { openStore } from "./store/store.ts";
import { NO_HASH } from "./verification/chain.ts";
import { createVerifier } from "./verification/verifier.ts";

export const newSigner = (random: Random): Signer => createSigner(random.bytes(32));

const randomId = (random: Random) => toHex(random.bytes(16)) as Id;

export interface WorldOptions {
  readonly environment?: Environment;
  readonly policy?: Partial<Policy>;
  readonly database?: string;
  readonly open?: SqliteOpen;
  readonly clock?: FakeClock;
  readonly signer?: Signer;
  readonly seed?: number;
}

export type World = ReturnType<typeof createWorld>;

export function createWorld(options: WorldOptions = {}) {
  const random = seededRandom(options.seed ?? 1);
  const clock = options.clock ?? new FakeClock();
  const environment = options.environment ?? "dev";
  const signer = options.signer ?? newSigner(random);
  const store = openStore(options.database ?? ":memory:", options.open ?? openDatabase);
  const policy: Policy = { ...defaultPolicy(environment), ...options.policy };
  const logged: string[] = [];
  const money = {
    store,
    signer,
    environment,
    policy,
    fleet: "test",
    prices: new Map([[defaultPriceList.id, defaultPriceList]]),
    clock,
    log: createLog({ format: "text", level: "warning", write: (line) => logged.push(line) }),
  };
  const verifier = createVerifier(money);
  const now = () => toUnixSeconds(clock.wallMs());

  return {
    ...money,
    ...verifier,
    random,
    logged,
    now,
    /** Enrols a box that starts its first generation. */
    addBox: (wallet?: Signer) => {
      const box = createTestBox(newSigner(random), environment, random);
      store.boxes.enrol(box.key, wallet?.publicKey ?? box.key, now());
      return box;
    },
    addViewer: () => newSigner(random),
    /** A ticket as the coordinator would issue it now; known to its store. */
    issue: (box: TestBox, viewer: Signer, terms: Partial<Ticket> = {}) => {
      const ticket = seal(
        "ticket",
        ticketBody(box, viewer, now(), random, terms),
        signer,
        environment,
      );
      store.tickets.add(ticket.hash, ticket.body, undefined);
      return ticket;
    },
    /** Sends records as one batch of the box, as the broker would hand them in. */
    send: (box: TestBox, records: readonly (Sealed<"record"> | Uint8Array)[]) => {
      const prepared = records.map((record) =>
        verifier.prepare(record instanceof Uint8Array ? record : record.bytes, box.key),
      );
      const [outcome] = verifier.credit([{ box: box.key, records: prepared }]);
      if (!outcome) throw new Error(`the batch was not credited: ${logged.at(-1)}`);
      return outcome;
    },
    /** Tokens a box's wallet holds. */
    earned: (box: TestBox): bigint =>
      store.ledger.balance({ kind: "household", key: store.boxes.get(box.key)?.wallet ?? box.key }),
    /** What so many proven bytes of one ticket earn. */
    worth: (amount: number) =>
      (BigInt(amount) * defaultPriceList.householdPerMebibyte) / BigInt(1024 * 1024),
    quarantineOf: (box: TestBox) => store.boxes.get(box.key)?.quarantine ?? undefined,
  };
}

export function ticketBody(
  box: Pick<TestBox, "key">,
  viewer: Signer,
  at: number,
  random: Random,
  terms: Partial<Ticket> = {},
): Ticket {
  return {
    id: randomId(random),
    box: box.key,
    viewer: viewer.publicKey,
    title: TEST_TITLE,
    split: TEST_SPLIT,
    priceList: defaultPriceList.id,
    maxBytes: mebibytes(256),
    notBefore: unixSeconds(at),
    startBy: unixSeconds(at + 600),
    expires: unixSeconds(at + 7_200),
    settleBy: unixSeconds(at + 30 * 86_400),
    ...terms,
  };
}

export const TEST_TITLE = sha256(Buffer.from("title")) as Hash;
const TEST_SPLIT = sha256(Buffer.from("split")) as Hash;

export interface Delivery {
  readonly ticket: Sealed<"ticket"> | Uint8Array;
  readonly viewer: Signer;
  /** What the viewer signs for, cumulative; no receipt when absent. */
  readonly proven?: number;
  readonly wire?: number;
  readonly closeReason?: CloseReason;
  readonly elapsed?: number;
  readonly receipt?: Uint8Array;
}

export type TestBox = ReturnType<typeof createTestBox>;

/** A box as the coordinator sees it: it signs and chains its records. */
export function createTestBox(signer: Signer, environment: Environment, random: Random) {
  let generation = 0;
  let sequence = 0;
  let previous = NO_HASH;
  let bootId = randomId(random);
  let receipts = 0;

  const receiptFor = ({ ticket, viewer, proven, elapsed }: Delivery) => {
    receipts += 1;
    const hash = ticket instanceof Uint8Array ? sha256(ticket) : ticket.hash;
    const body = {
      ticket: hash,
      sequence: receipts,
      bytes: bytes(proven ?? 0),
      elapsed: milliseconds(elapsed ?? 60_000),
    };
    return seal("receipt", body, viewer, environment).bytes;
  };
  const write = (delivery: Delivery, change: Partial<UsageRecord> = {}): Sealed<"record"> => {
    const { ticket, proven } = delivery;
    const receipt = delivery.receipt ?? (proven === undefined ? undefined : receiptFor(delivery));
    const body: UsageRecord = {
      box: signer.publicKey,
      generation,
      sequence: sequence + 1,
      previous,
      ticket: ticket instanceof Uint8Array ? ticket : ticket.bytes,
      ...(receipt && { receipt }),
      wireBytes: bytes(delivery.wire ?? proven ?? 0),
      bootId,
      started: 0 as Milliseconds,
      ended: milliseconds(60_000),
      wallTime: unixSeconds(1_767_225_600),
      clockQuality: "synchronised",
      closeReason: delivery.closeReason ?? "done",
      ...change,
    };
    return seal("record", body, signer, environment);
  };
  return {
    key: signer.publicKey,
    signer,
    receiptFor,
    /** A record that is not appended to the chain: what a liar would sign beside it. */
    write,
    /** Signs the next record of the chain. */
    record(delivery: Delivery, change: Partial<UsageRecord> = {}): Sealed<"record"> {
      const record = write(delivery, change);
      sequence += 1;
      previous = record.hash;
      return record;
    },
    /** Takes bytes into the chain as if they had been a record. */
    skip(hash: Hash) {
      sequence += 1;
      previous = hash;
    },
    /** Forgets its chain, as on new storage, and starts a later generation. */
    newGeneration(next = generation + 1) {
      generation = next;
      sequence = 0;
      previous = NO_HASH;
    },
    reboot() {
      bootId = randomId(random);
    },
    /** Another device with the same key and the same storage. */
    clone() {
      const twin = createTestBox(signer, environment, random);
      twin.restore(generation, sequence, previous);
      return twin;
    },
    restore(g: number, s: number, p: Hash) {
      generation = g;
      sequence = s;
      previous = p;
    },
    position: () => ({ generation, sequence, previous }),
  };
}

/** A split signed by all its parties. */
export function makeSplit(
  parties: readonly Signer[],
  version = 1,
  environment: Environment = "dev",
) {
  const share = Math.floor(10_000 / parties.length);
  const body: Split = {
    version,
    parties: parties.map(({ publicKey }, index) => ({
      key: publicKey,
      share: basisPoints(index === 0 ? 10_000 - share * (parties.length - 1) : share),
    })),
    validFrom: unixSeconds(1_767_225_600),
  };
  const signed = parties.map((party) => seal("split", body, party, environment));
  return { id: splitId(body), body, signed };
}
