/** A coordinator's verifier on a real SQLite database with boxes and viewers to drive it, for tests. */
import { seal, splitId } from "../accounting/envelope.ts";
import type { Environment, Sealed, Split, Ticket } from "../accounting/messages.ts";
import { sha256 } from "../core/encoding.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { createLog } from "../core/log.ts";
import { type Random, seededRandom } from "../core/random.ts";
import { basisPoints, mebibytes, toUnixSeconds, unixSeconds } from "../core/units.ts";
import { createSigner, type Signer } from "../identity/ed25519.ts";
import { createTestBox, randomId, type TestBox } from "./box-testing.ts";
import { defaultPolicy, type Policy } from "./policy.ts";
import { defaultPriceList } from "./price-list.ts";
import { openDatabase, type SqliteOpen } from "./store/sqlite.ts";
import { openStore } from "./store/store.ts";
import { createVerifier } from "./verification/verifier.ts";

export const newSigner = (random: Random): Signer => createSigner(random.bytes(32));

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

export const TEST_TITLE = sha256(Buffer.from("title"));
const TEST_SPLIT = sha256(Buffer.from("split"));

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
