/**
 * Signed messages: a payload in deterministic CBOR in a COSE_Sign1 (`cose-frame.ts`). `seal` makes
 * one, `open` is the only way in from outside.
 */
import { type Hash, type PublicKey, sha256, toHex } from "../core/encoding.ts";
import { isSoundKey, type Signer, verify } from "../identity/ed25519.ts";
import { type CborReader, DecodeFault } from "./cbor-reader.ts";
import { CborWriter } from "./cbor-writer.ts";
import {
  payloadReader,
  readHeader,
  signatureOf,
  toBeSigned,
  unsignedMessage,
  unsignedPart,
  withSignature,
} from "./cose-frame.ts";
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
  const { bytes, hash } = sealedBytes(type, body, signer, environment);
  // Read back, so that a sealed body is what everybody else will see (fractions rounded).
  const seen = readPayload(type, payloadReader(bytes, type), signer.publicKey);
  return { type, body: seen, signer: signer.publicKey, hash, bytes };
}

/** `seal` for whoever wants nothing but the bytes: a box that signs thousands of records. */
export function sealedBytes<T extends MessageType>(
  type: T,
  body: MessageBodies[T],
  signer: Signer,
  environment: Environment,
): Pick<Sealed<T>, "bytes" | "hash"> {
  const named = namedSigner(type, body);
  if (named !== undefined && named !== signer.publicKey) {
    throw new RangeError(`${type} names another signer than the one that signs it`);
  }
  const payload = encodePayload(type, body);
  const wrong = contradiction(type, body, signer.publicKey);
  if (wrong) throw new RangeError(`${type}: ${wrong}`);
  const header = { typ: typOf(type, environment), signer: signer.publicKey };
  const unsigned = unsignedMessage(header, payload);
  const bytes = withSignature(unsigned, signer.sign(toBeSigned(unsigned)));
  if (bytes.length > schemas[type].maxSize) {
    throw new RangeError(`${type} has ${bytes.length} bytes, allowed are ${schemas[type].maxSize}`);
  }
  return { bytes, hash: sha256(bytes) };
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
  try {
    return peekOrFault(bytes);
  } catch (fault) {
    if (fault instanceof DecodeFault) return undefined;
    throw fault;
  }
}

function peekOrFault(bytes: Uint8Array): Peeked | undefined {
  const { typ, signer } = readHeader(bytes, "message");
  for (const type of messageTypes) {
    for (const environment of ["dev", "prod"] as const) {
      if (typ !== typOf(type, environment)) continue;
      const body = readPayload(type, payloadReader(bytes, type), signer);
      return { type, environment, signer, body, signature: toHex(signatureOf(bytes)) };
    }
  }
  return undefined;
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
  const { typ, signer } = readHeader(bytes, type);
  checkType(type, typ, expected.environment);
  if (!isExpected(signer, expected.signer)) {
    throw new DecodeFault("unknown-signer", `${type}: signed by ${signer}`);
  }
  const body = readPayload(type, payloadReader(bytes, type), signer);
  checkSignature(type, bytes, signer);
  const wrong = contradiction(type, body, signer);
  if (wrong) throw new DecodeFault("inconsistent", `${type}: ${wrong}`);
  return { type, body, signer, hash: sha256(bytes), bytes };
}

function checkType(type: MessageType, found: number, environment: Environment): void {
  if (found === typOf(type, environment)) return;
  const other = environment === "dev" ? "prod" : "dev";
  if (found === typOf(type, other)) {
    throw new DecodeFault("wrong-environment", `${type}: signed for ${other}, not ${environment}`);
  }
  throw new DecodeFault("wrong-type", `expected ${type}, found ${typName(found)}`);
}

const typName = (typ: number) =>
  messageTypes.find((type) => typOf(type, "dev") === typ || typOf(type, "prod") === typ) ??
  `unknown type ${typ}`;

const isExpected = (signer: PublicKey, expected: PublicKey | ReadonlySet<PublicKey> | undefined) =>
  expected === undefined ||
  (typeof expected === "string" ? expected === signer : expected.has(signer));

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
  if (verify(signer, toBeSigned(unsignedPart(bytes)), signatureOf(bytes))) return;
  if (!isSoundKey(signer)) throw new DecodeFault("weak-key", `${type}: key ${signer}`);
  throw new DecodeFault("bad-signature", `${type}: not signed by ${signer}`);
}

/** A body as payload bytes; the signer, where the body names it, is not in them. */
export function encodePayload<T extends MessageType>(type: T, body: MessageBodies[T]): Uint8Array {
  const writer = new CborWriter();
  schemas[type].payload.write(writer, body);
  return writer.result();
}

/** A split's identity, the same for every party's signature of it. */
export const splitId = (body: Split): Hash => sha256(encodePayload("split", body));
