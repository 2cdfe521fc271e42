/** A box as the coordinator sees it, honest or not, for tests. */
import { seal } from "../accounting/envelope.ts";
import type { CloseReason, Environment, Sealed, UsageRecord } from "../accounting/messages.ts";
import { type Hash, type Id, sha256, toHex } from "../core/encoding.ts";
import type { Random } from "../core/random.ts";
import { bytes, type Milliseconds, milliseconds, unixSeconds } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";
import { NO_HASH } from "./verification/chain.ts";

export const randomId = (random: Random) => toHex(random.bytes(16)) as Id;

interface Delivery {
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

/** It signs and chains its records. */
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
    chainOn(hash: Hash) {
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
