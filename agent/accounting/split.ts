import type { Hash, PublicKey } from "../core/encoding.ts";
import { open, type Refused, splitId } from "./envelope.ts";
import type { Environment, Sealed, Split } from "./messages.ts";

/** A split that every party it names has signed. */
export interface AgreedSplit {
  readonly id: Hash;
  readonly body: Split;
  /** One per party, in the order received. */
  readonly signatures: readonly Sealed<"split">[];
}

export type OpenedSplit = { readonly ok: true; readonly split: AgreedSplit } | Refused;

/** Opens the parties' signatures of one split: the same payload, signed once by each party, no more. */
export function openSplit(
  signed: readonly Uint8Array[],
  expected: { readonly environment: Environment },
): OpenedSplit {
  const signatures: Sealed<"split">[] = [];
  for (const bytes of signed.slice(0, 64)) {
    const opened = open("split", bytes, expected);
    if (!opened.ok) return opened;
    signatures.push(opened.message);
  }
  const [first] = signatures;
  if (!first || signed.length > signatures.length) {
    return refuse(`${signed.length} signatures, allowed are 1 to 64`);
  }
  const id = splitId(first.body);
  if (signatures.some((other) => splitId(other.body) !== id)) {
    return refuse("the signatures are of different splits");
  }
  const signers = new Set<PublicKey>(signatures.map((signature) => signature.signer));
  const missing = first.body.parties.filter((party) => !signers.has(party.key));
  if (missing.length > 0) return refuse(`${missing.length} parties have not signed`);
  if (signatures.length !== first.body.parties.length) return refuse("a signature too many");
  return { ok: true, split: { id, body: first.body, signatures } };
}

const refuse = (why: string): Refused => ({
  ok: false,
  code: "split-unsigned",
  detail: `split: ${why}`,
});
