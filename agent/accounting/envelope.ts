/**
 * Signed messages: a COSE_Sign1 (RFC 9052, tag 18) whose header has one fixed form, around a
 * payload in deterministic CBOR. `seal` makes one, `open` is the only way in from outside.
 */
import { fromHex, type Hash, type PublicKey, sha256, toHex } from "../core/encoding.ts";
import { isSoundKey, type Signer, verify } from "../identity/ed25519.ts";
import { CborReader, DecodeFault, major } from "./cbor-reader.ts";
import { CborWriter } from "./cbor-writer.ts";
import type { Environment, MessageBodies, MessageType, Sealed, Split } from "./messages.ts";
import type { RefusalCode } from "./refusal.ts";
import { contradiction } from "./rules.ts";
import { messageTypes, namedSigner, schemas } from "./schema.ts";

export type Refused = { readonly ok: false; readonly code: RefusalCode; readonly detail: string };
export type Opened<T extends MessageType> =
  | { readonly ok: true; readonly message: Sealed<T> }
  | Refused;

/** Types whose signer the body does not name: whoever opens one has to say which keys count. */
export type KnownSignerType = "ticket" | "receipt" | "ack" | "statement" | "desired" | "command";

export type Expected<T extends MessageType> = {
  readonly environment: Environment;
} & (T extends KnownSignerType
  ? { readonly signer: PublicKey | ReadonlySet<PublicKey> }
  : { readonly signer?: PublicKey | ReadonlySet<PublicKey> | undefined });

/**
 * Tag 18, array of 4, protected header: {1 (alg): -8 (EdDSA), 4 (kid): 32 bytes, 16 (typ): uint16}.
 * Then no unprotected header, the payload and the signature.
 */
const OPENING = fromHex("d284582aa30127045820");
const KID_AT = OPENING.length;
const TYP_AT = KID_AT + 32;
const PAYLOAD_AT = TYP_AT + 5;
const NO_UNPROTECTED = 0xa0;
const SIGNATURE_HEAD = fromHex("5840");
const SIGNATURE_SIZE = SIGNATURE_HEAD.length + 64;

/** ["Signature1", protected, no external data, payload] (RFC 9052 §4.4), up to the protected header. */
const CONTEXT = Buffer.from("\x84\x6aSignature1", "latin1");
const NO_EXTERNAL_DATA = 0x40;

/** RFC 9596 typ, from CoAP's content formats for experiments: one number says type and environment. */
const TYP_BASE: Readonly<Record<Environment, number>> = { prod: 65_000, dev: 65_100 };

export const typOf = (type: MessageType, environment: Environment) =>
  TYP_BASE[environment] + schemas[type].number;

/** Signs a body. Throws RangeError when it breaks its schema: the caller's fault, not the world's. */
export function seal<T extends MessageType>(
  type: T,
  body: MessageBodies[T],
  signer: Signer,
  environment: Environment,
): Sealed<T> {
  const named = namedSigner(type, body);
  if (named !== undefined && named !== signer.publicKey) {
    throw new RangeError(`${type} names another signer than the one that signs it`);
  }
  const payload = encodePayload(type, body);
  const wrong = contradiction(type, body, signer.publicKey);
  if (wrong) throw new RangeError(`${type}: ${wrong}`);
  const unsigned = unsignedMessage(type, payload, signer.publicKey, environment);
  const bytes = concat(unsigned, SIGNATURE_HEAD, signer.sign(toBeSigned(unsigned)));
  if (bytes.length > schemas[type].maxSize) {
    throw new RangeError(`${type} has ${bytes.length} bytes, allowed are ${schemas[type].maxSize}`);
  }
  // Read back, so that a sealed body is what everybody else will see (fractions rounded).
  const seen = readPayload(type, new CborReader(payload, type), signer.publicKey);
  return { type, body: seen, signer: signer.publicKey, hash: sha256(bytes), bytes };
}

/**
 * Checks everything that one message's bytes can tell: size, form, type, environment, signer, field
 * limits, signature, consistency. Keeps a reference to `bytes`; never throws on their account.
 */
export function open<T extends MessageType>(
  type: T,
  bytes: Uint8Array,
  expected: Expected<T>,
): Opened<T> {
  try {
    return { ok: true, message: openOrFault(type, bytes, expected) };
  } catch (fault) {
    if (!(fault instanceof DecodeFault)) throw fault;
    return { ok: false, code: fault.code, detail: fault.message };
  }
}

export interface Peeked {
  readonly type: MessageType;
  readonly environment: Environment;
  readonly signer: PublicKey;
  readonly body: MessageBodies[MessageType];
  /** Hexadecimal; not checked. */
  readonly signature: string;
}

/** What bytes claim to say, believed by nobody: for showing and for naming damage. */
export function peek(bytes: Uint8Array): Peeked | undefined {
  const typ = bytes.length > PAYLOAD_AT ? typFound(bytes) : 0;
  for (const type of messageTypes) {
    for (const environment of ["dev", "prod"] as const) {
      if (typ !== typOf(type, environment)) continue;
      const signer = toHex(bytes.subarray(KID_AT, TYP_AT)) as PublicKey;
      const body = peekPayload(type, bytes, signer);
      return body && { type, environment, signer, body, signature: toHex(bytes.slice(-64)) };
    }
  }
  return undefined;
}

function peekPayload(type: MessageType, bytes: Uint8Array, signer: PublicKey) {
  try {
    return readPayload(type, payloadReader(type, bytes), signer);
  } catch (fault) {
    if (fault instanceof DecodeFault) return undefined;
    throw fault;
  }
}

function openOrFault<T extends MessageType>(
  type: T,
  bytes: Uint8Array,
  expected: Expected<T>,
): Sealed<T> {
  const { maxSize } = schemas[type];
  if (bytes.length > maxSize) {
    throw new DecodeFault("too-large", `${type}: ${bytes.length} bytes, allowed are ${maxSize}`);
  }
  checkHeader(type, bytes, expected.environment);
  const signer = toHex(bytes.subarray(KID_AT, TYP_AT)) as PublicKey;
  if (!isExpected(signer, expected.signer)) {
    throw new DecodeFault("unknown-signer", `${type}: signed by ${signer}`);
  }
  const reader = payloadReader(type, bytes);
  const body = readPayload(type, reader, signer);
  checkSignature(type, bytes, signer);
  const wrong = contradiction(type, body, signer);
  if (wrong) throw new DecodeFault("inconsistent", `${type}: ${wrong}`);
  return { type, body, signer, hash: sha256(bytes), bytes };
}

function checkHeader(type: MessageType, bytes: Uint8Array, environment: Environment): void {
  if (bytes.length < PAYLOAD_AT + 1 + SIGNATURE_SIZE) {
    throw new DecodeFault("malformed", `${type}: ends early`);
  }
  const form =
    OPENING.every((byte, index) => bytes[index] === byte) &&
    bytes[TYP_AT] === 0x10 &&
    bytes[TYP_AT + 1] === 0x19 &&
    bytes[PAYLOAD_AT - 1] === NO_UNPROTECTED;
  if (!form) throw new DecodeFault("malformed", `${type}: header is not in its one form`);
  const found = typFound(bytes);
  if (found === typOf(type, environment)) return;
  const other = environment === "dev" ? "prod" : "dev";
  if (found === typOf(type, other)) {
    throw new DecodeFault("wrong-environment", `${type}: signed for ${other}, not ${environment}`);
  }
  throw new DecodeFault("wrong-type", `expected ${type}, found ${typName(found)}`);
}

const typFound = (bytes: Uint8Array) =>
  ((bytes[TYP_AT + 2] as number) << 8) | (bytes[TYP_AT + 3] as number);

const typName = (typ: number) =>
  messageTypes.find((type) => typOf(type, "dev") === typ || typOf(type, "prod") === typ) ??
  `unknown type ${typ}`;

const isExpected = (signer: PublicKey, expected: PublicKey | ReadonlySet<PublicKey> | undefined) =>
  expected === undefined ||
  (typeof expected === "string" ? expected === signer : expected.has(signer));

/** A reader over exactly the payload, once its length and the signature's frame are right. */
function payloadReader(type: MessageType, bytes: Uint8Array): CborReader {
  const frame = new CborReader(bytes, type, PAYLOAD_AT);
  const start = frame.string(major.bytes, 1, bytes.length);
  const end = frame.at;
  const signed = frame.string(major.bytes, 64, 64);
  frame.finish();
  if (signed !== bytes.length - 64) throw new DecodeFault("not-canonical", `${type}: signature`);
  return new CborReader(bytes, type, start, end);
}

function readPayload<T extends MessageType>(
  type: T,
  reader: CborReader,
  signer: PublicKey,
): MessageBodies[T] {
  const { payload, signerField } = schemas[type];
  const fields = payload.read(reader) as object;
  reader.field = type;
  reader.finish();
  return (signerField ? { [signerField]: signer, ...fields } : fields) as MessageBodies[T];
}

function checkSignature(type: MessageType, bytes: Uint8Array, signer: PublicKey): void {
  const unsigned = bytes.subarray(0, bytes.length - SIGNATURE_SIZE);
  if (verify(signer, toBeSigned(unsigned), bytes.subarray(bytes.length - 64))) return;
  if (!isSoundKey(signer)) throw new DecodeFault("weak-key", `${type}: key ${signer}`);
  throw new DecodeFault("bad-signature", `${type}: not signed by ${signer}`);
}

function unsignedMessage(
  type: MessageType,
  payload: Uint8Array,
  signer: PublicKey,
  environment: Environment,
): Uint8Array {
  const writer = new CborWriter(payload.length + PAYLOAD_AT + 9);
  writer.raw(OPENING);
  writer.raw(fromHex(signer));
  writer.head(major.uint, 16);
  writer.head(major.uint, typOf(type, environment));
  writer.head(major.map, 0);
  writer.byteString(payload);
  return writer.result();
}

/** The signed structure from the message up to its signature: the same bytes, other brackets. */
function toBeSigned(unsigned: Uint8Array): Uint8Array {
  const signed = new Uint8Array(CONTEXT.length + unsigned.length - 2);
  signed.set(CONTEXT);
  signed.set(unsigned.subarray(2), CONTEXT.length);
  signed[CONTEXT.length + PAYLOAD_AT - 3] = NO_EXTERNAL_DATA;
  return signed;
}

/** A body as payload bytes; the signer, where the body names it, is not in them. */
export function encodePayload<T extends MessageType>(type: T, body: MessageBodies[T]): Uint8Array {
  const writer = new CborWriter();
  schemas[type].payload.write(writer, body);
  return writer.result();
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** A split's identity, the same for every party's signature of it. */
export const splitId = (body: Split): Hash => sha256(encodePayload("split", body));
