/**
 * One posting of the ledger as the bytes that a statement's Merkle tree is built over: with these,
 * an inclusion proof and the signed statement, anyone can check that the posting stands.
 */
import type { Hash } from "../core/encoding.ts";
import { type MicroTokens, microTokens, type UnixSeconds } from "../core/units.ts";
import { CborReader, DecodeFault } from "./cbor-reader.ts";
import { CborWriter } from "./cbor-writer.ts";
import { choice, hash, text, tokens, uint } from "./codec.ts";
import type { Refused } from "./envelope.ts";
import { leafHash } from "./merkle.ts";
import { required, structure } from "./structure.ts";

export type AccountKind = "payer" | "household" | "creator" | "platform";

export interface LedgerLine {
  /** Its place in the ledger and in the tree, from 0, without gaps. */
  readonly line: number;
  /** Number of the first line of its entry; the lines of an entry sum to zero. */
  readonly entry: number;
  /** `key`: a wallet's public key, or the fleet's name for payer and platform. */
  readonly account: { readonly kind: AccountKind; readonly key: string };
  /** Positive: the account receives. */
  readonly amount: MicroTokens;
  /** Hash of the signed bytes that caused it: a usage record or a play. */
  readonly source: Hash;
  readonly at: UnixSeconds;
}

/** As it is encoded: unsigned, so the direction is a field. */
interface EncodedLine {
  readonly line: number;
  readonly entry: number;
  readonly kind: AccountKind;
  readonly key: string;
  readonly direction: "receives" | "pays";
  readonly amount: MicroTokens;
  readonly source: Hash;
  readonly at: UnixSeconds;
}

export const lineSchema = structure<EncodedLine>("ledger-line", {
  line: required(1, uint()),
  entry: required(2, uint()),
  kind: required(3, choice<AccountKind>("payer", "household", "creator", "platform")),
  key: required(4, text(64)),
  direction: required(5, choice<EncodedLine["direction"]>("receives", "pays")),
  amount: required(6, tokens),
  source: required(7, hash),
  at: required(8, uint<UnixSeconds>(0xffff_ffff)),
});

/** Deterministic: what is hashed as the leaf. Throws RangeError for a line outside its limits. */
export function encodeLine({ account, amount, ...rest }: LedgerLine): Uint8Array {
  const writer = new CborWriter(192);
  lineSchema.write(writer, {
    ...rest,
    ...account,
    direction: amount < 0n ? "pays" : "receives",
    amount: microTokens(amount < 0n ? -amount : amount),
  });
  return writer.result();
}

/** The leaf of the statement's tree (`merkle.ts`) for a line. */
export const lineLeaf = (line: LedgerLine): Hash => leafHash(encodeLine(line));

export type DecodedLine = { readonly ok: true; readonly line: LedgerLine } | Refused;

export function decodeLine(bytes: Uint8Array): DecodedLine {
  try {
    const reader = new CborReader(bytes, "ledger-line");
    const { kind, key, direction, amount, ...rest } = lineSchema.read(reader);
    reader.field = "ledger-line";
    reader.finish();
    if (direction === "pays" && amount === 0n) throw reader.fault("inconsistent", "pays nothing");
    const signed = microTokens(direction === "pays" ? -amount : amount);
    return { ok: true, line: { ...rest, account: { kind, key }, amount: signed } };
  } catch (fault) {
    if (!(fault instanceof DecodeFault)) throw fault;
    return { ok: false, code: fault.code, detail: fault.message };
  }
}
