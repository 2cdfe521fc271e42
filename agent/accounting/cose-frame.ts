/**
 * The frame around every payload: a COSE_Sign1 (RFC 9052 §4.2, tag 18) whose header has one fixed
 * form, so that it is compared rather than parsed. docs/protocol.md, "Envelope".
 */
import { fromHex, type PublicKey } from "../core/encoding.ts";
import { CborReader, DecodeFault, major } from "./cbor-reader.ts";
import { CborWriter } from "./cbor-writer.ts";

/**
 * Tag 18, array of 4, protected header: {1 (alg): -8 (EdDSA), 4 (kid): 32 bytes, 16 (typ): uint16}.
 * Then no unprotected header, the payload and the signature.
 */
const OPENING = fromHex("d284582aa30127045820");
const KID_AT = OPENING.length;
const TYP_AT = KID_AT + 32;
const PAYLOAD_AT = TYP_AT + 5;
const TYP_KEY = 16;
const UINT16_HEAD = 0x19;
const NO_UNPROTECTED = 0xa0;
const SIGNATURE_LENGTH = 64;
const SIGNATURE_HEAD = fromHex("5840");
const SIGNATURE_SIZE = SIGNATURE_HEAD.length + SIGNATURE_LENGTH;

/** ["Signature1", protected, no external data, payload] (RFC 9052 §4.4), up to the protected header. */
const CONTEXT = Buffer.from("\x84\x6aSignature1", "latin1");
const NO_EXTERNAL_DATA = 0x40;

export interface Header {
  /** Number that says message type and environment. */
  readonly typ: number;
  /** The kid: whose signature it claims to be. */
  readonly signer: PublicKey;
}

function beginsWith(bytes: Uint8Array, opening: Uint8Array): boolean {
  for (let index = 0; index < opening.length; index++) {
    if (bytes[index] !== opening[index]) return false;
  }
  return true;
}

/** Throws DecodeFault for a header in any other than its one form. */
export function readHeader(bytes: Uint8Array, name: string): Header {
  if (bytes.length < PAYLOAD_AT + 1 + SIGNATURE_SIZE) {
    throw new DecodeFault("malformed", `${name}: ends early`);
  }
  const form =
    beginsWith(bytes, OPENING) &&
    bytes[TYP_AT] === TYP_KEY &&
    bytes[TYP_AT + 1] === UINT16_HEAD &&
    bytes[PAYLOAD_AT - 1] === NO_UNPROTECTED;
  if (!form) throw new DecodeFault("malformed", `${name}: header is not in its one form`);
  const typ = ((bytes[TYP_AT + 2] as number) << 8) | (bytes[TYP_AT + 3] as number);
  return { typ, signer: bytes.slice(KID_AT, TYP_AT).toHex() as PublicKey };
}

/** A reader over exactly the payload, once its length and the signature's frame are right. */
export function payloadReader(bytes: Uint8Array, name: string): CborReader {
  const reader = new CborReader(bytes, name, PAYLOAD_AT);
  const start = reader.string(major.bytes, 1, bytes.length);
  const end = reader.at;
  reader.string(major.bytes, SIGNATURE_LENGTH, SIGNATURE_LENGTH);
  reader.finish();
  reader.at = start;
  reader.end = end;
  return reader;
}

/** A message up to its signature. The typ is from 256 to 65535, so that it takes two bytes. */
export function unsignedMessage(header: Header, payload: Uint8Array): Uint8Array {
  const writer = new CborWriter(payload.length + PAYLOAD_AT + 9);
  writer.raw(headerBytes(header));
  writer.byteString(payload);
  return writer.result();
}

let lastHeader: (Header & { readonly bytes: Uint8Array }) | undefined;

/** Whoever signs thousands of messages signs one kind of them with one key. */
function headerBytes({ typ, signer }: Header): Uint8Array {
  if (lastHeader?.typ === typ && lastHeader.signer === signer) return lastHeader.bytes;
  const writer = new CborWriter(PAYLOAD_AT);
  writer.raw(OPENING);
  writer.raw(fromHex(signer));
  writer.head(major.uint, TYP_KEY);
  writer.head(major.uint, typ);
  writer.head(major.map, 0);
  lastHeader = { typ, signer, bytes: writer.result() };
  return lastHeader.bytes;
}

export const withSignature = (unsigned: Uint8Array, signature: Uint8Array) =>
  new Uint8Array(Buffer.concat([unsigned, SIGNATURE_HEAD, signature]));

// Copies: of a small array a view costs the engine more, because it moves the array to shared memory first.
export const unsignedPart = (bytes: Uint8Array) => bytes.slice(0, -SIGNATURE_SIZE);
export const signatureOf = (bytes: Uint8Array) => bytes.slice(-SIGNATURE_LENGTH);

/** What is signed, from the message up to its signature: the same bytes, other brackets. */
export function toBeSigned(unsigned: Uint8Array): Uint8Array {
  const tagAndArray = 2;
  const signed = new Uint8Array(CONTEXT.length + unsigned.length - tagAndArray);
  // Tag and array's head are written over.
  signed.set(unsigned, CONTEXT.length - tagAndArray);
  signed.set(CONTEXT);
  signed[CONTEXT.length + PAYLOAD_AT - 1 - tagAndArray] = NO_EXTERNAL_DATA;
  return signed;
}
