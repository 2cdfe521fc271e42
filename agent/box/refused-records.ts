/** Which of a box's records the coordinator did not pay in full, from the acks that are kept. */
import { open } from "../accounting/envelope.ts";
import type { Environment } from "../accounting/messages.ts";
import type { PublicKey } from "../core/encoding.ts";
import type { Journal } from "../journal/journal.ts";

export interface AckReader {
  readonly journal: Pick<Journal, "acks">;
  readonly environment: Environment;
  readonly coordinators: () => ReadonlySet<PublicKey>;
}

/** Refusal codes by `generation/sequence`. */
export function refusedRecords(reader: AckReader): ReadonlyMap<string, string> {
  const { journal, environment } = reader;
  const codes = new Map<string, string>();
  for (const signed of journal.acks()) {
    const opened = open("ack", signed, { environment, signer: reader.coordinators() });
    if (!opened.ok) continue;
    const { generation, refused } = opened.message.body;
    for (const { sequence, code } of refused) codes.set(`${generation}/${sequence}`, code);
  }
  return codes;
}

/** Of viewers that left without signing nothing was to be had, and nothing can be done. */
const NOBODYS_FAULT = "nothing-proven";

/** What to tell the household; worked out anew only when there is another ack. */
export function createRefusalWatch(reader: AckReader): () => string | undefined {
  let newest: Uint8Array | undefined;
  let told: string | undefined;
  return () => {
    const last = reader.journal.acks().at(-1);
    if (last === undefined || (newest && Buffer.compare(last, newest) === 0)) return told;
    newest = last;
    const codes = [...refusedRecords(reader).values()].filter((code) => code !== NOBODYS_FAULT);
    const kinds = [...new Set(codes)].join(", ");
    told = codes.length > 0 ? `${codes.length}: ${kinds}` : undefined;
    return told;
  };
}
