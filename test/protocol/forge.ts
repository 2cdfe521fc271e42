/**
 * Signed messages with anything wrong in them, made by a general CBOR encoder: what our own encoder
 * refuses to make, and a second opinion on what it does make.
 */
import { encode } from "cborg";
import { typOf } from "../../agent/accounting/envelope.ts";
import type { MessageType } from "../../agent/accounting/messages.ts";
import { fromHex } from "../../agent/core/encoding.ts";
import type { Signer } from "../../agent/identity/ed25519.ts";

export interface Forgery {
  readonly type: MessageType;
  readonly signer: Signer;
  /** Encoded payload. */
  readonly payload: Uint8Array;
  /** Encoded protected header; the right one unless given. */
  readonly header?: Uint8Array;
  /** Encoded unprotected header; an empty map unless given. */
  readonly unprotected?: Uint8Array;
  readonly tag?: Uint8Array;
  /** What goes between header and payload into the signature; nothing unless given. */
  readonly externalData?: Uint8Array;
  readonly signature?: Uint8Array;
}

export const headerOf = (type: MessageType, signer: Signer) =>
  encode(
    new Map<number, unknown>([
      [1, -8],
      [4, fromHex(signer.publicKey)],
      [16, typOf(type, "dev")],
    ]),
  );

/** A COSE_Sign1 by RFC 9052 §4.2 and §4.4, step by step. */
export function forge(parts: Forgery): Uint8Array {
  const header = parts.header ?? headerOf(parts.type, parts.signer);
  const external = parts.externalData ?? new Uint8Array();
  const signed = encode(["Signature1", header, external, parts.payload]);
  return Buffer.concat([
    parts.tag ?? fromHex("d2"),
    fromHex("84"),
    encode(header),
    parts.unprotected ?? fromHex("a0"),
    encode(parts.payload),
    encode(parts.signature ?? parts.signer.sign(signed)),
  ]);
}

/** A map with integer keys as CBOR; values are numbers, bigints, text, bytes, lists and maps. */
export const cborMap = (entries: readonly (readonly [number, unknown])[]) =>
  encode(new Map(entries));
