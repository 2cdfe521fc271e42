/** Turning ended (or long) sessions into signed, chained usage records. */
import { open, sealedBytes } from "../accounting/envelope.ts";
import type { Environment, RecordEntry, Sealed, UsageRecord } from "../accounting/messages.ts";
import type { Signer } from "../identity/ed25519.ts";
import type { Chain } from "./chain.ts";

/** A usage record without its place in the chain, which it gets when it is committed. */
export type Entry = RecordEntry;

export interface RecordSigner {
  readonly signer: Signer;
  readonly environment: Environment;
}

/** Signs entries as the chain's next records. Deterministic: a failed commit can be tried again. */
export function appendEntries(
  chain: Chain,
  entries: readonly Entry[],
  { signer, environment }: RecordSigner,
): {
  readonly chain: Chain;
  readonly records: readonly Pick<Sealed<"record">, "bytes" | "hash">[];
} {
  if (entries.length === 0) return { chain, records: [] };
  let { sequence, head } = chain;
  const records = entries.map((entry) => {
    const body: UsageRecord = {
      ...entry,
      box: signer.publicKey,
      generation: chain.generation,
      sequence: sequence + 1,
      previous: head,
    };
    const record = sealedBytes("record", body, signer, environment);
    sequence += 1;
    head = record.hash;
    return record;
  });
  return { chain: { ...chain, sequence, head }, records };
}

/** Records as entries again, to be issued in a new generation; those not of this box are left out. */
export function entriesOf(
  records: readonly { readonly bytes: Uint8Array }[],
  { signer, environment }: RecordSigner,
): Entry[] {
  return records.flatMap(({ bytes }) => {
    const opened = open("record", bytes, { environment, signer: signer.publicKey });
    return opened.ok ? [entryOf(opened.message.body)] : [];
  });
}

function entryOf(record: UsageRecord): Entry {
  const { box: _box, generation: _generation, sequence: _sequence, previous: _, ...entry } = record;
  return entry;
}
