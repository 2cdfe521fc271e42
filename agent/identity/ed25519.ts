/**
 * Ed25519 with the protocol's one rule, the same in both implementations: S below the group order,
 * and public key and R canonical points of large order. RFC 8032 leaves these open and libraries
 * differ; a ledger must not, or one party sees a valid signature where another sees none.
 */
import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as nativeSign,
  verify as nativeVerify,
} from "node:crypto";
import nacl from "tweetnacl";
import { fromHex, type PublicKey, toHex } from "../core/encoding.ts";

/** Whoever can sign: a key in memory here, a secure element on boards that have one. */
export interface Signer {
  readonly publicKey: PublicKey;
  /** 64 bytes, R then S. */
  sign(message: Uint8Array): Uint8Array;
}

/** DER around a raw key (RFC 8410): what node:crypto imports. */
const SPKI_PREFIX = fromHex("302a300506032b6570032100");
const PKCS8_PREFIX = fromHex("302e020100300506032b657004220420");

/** The field's prime 2^255 - 19 and the group's order L, little-endian as in encodings. */
const PRIME = fromHex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
const ORDER = fromHex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");

/** y of the eight points of small order; x and its sign do not matter. */
const SMALL_ORDER_Y: ReadonlySet<string> = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
]);

/** Is the little-endian number below the limit? `mask` is applied to its last byte. */
function below(data: Uint8Array, offset: number, limit: Uint8Array, mask: number): boolean {
  for (let i = 31; i >= 0; i--) {
    const digit = (data[offset + i] as number) & (i === 31 ? mask : 0xff);
    const bound = limit[i] as number;
    if (digit !== bound) return digit < bound;
  }
  return false;
}

/** Few first bytes occur among the small-order y, so nearly every point skips the string compare. */
const SMALL_ORDER_FIRST_BYTES = new Set([...SMALL_ORDER_Y].map((y) => fromHex(y)[0]));

function isSoundPoint(data: Uint8Array, offset: number): boolean {
  if (!below(data, offset, PRIME, 0x7f)) return false;
  if (!SMALL_ORDER_FIRST_BYTES.has(data[offset])) return true;
  // A copy: slice() of a Buffer, as frames come in, is a view.
  const y = new Uint8Array(data.subarray(offset, offset + 32));
  y[31] = (y[31] as number) & 0x7f;
  return !SMALL_ORDER_Y.has(toHex(y));
}

/** May this be anyone's key at all? (It may still be no point of the curve: then nothing verifies.) */
export const isSoundKey = (publicKey: PublicKey) => isSoundPoint(fromHex(publicKey), 0);

const isSoundSignature = (signature: Uint8Array) =>
  signature.length === 64 && isSoundPoint(signature, 0) && below(signature, 32, ORDER, 0xff);

/**
 * Imported keys, least recently used first. Importing costs about as much as a verification, and a
 * busy coordinator sees the same few thousand keys all day.
 */
const importedKeys = new Map<PublicKey, KeyObject>();
const IMPORTED_KEYS_LIMIT = 4096;

function importKey(publicKey: PublicKey): KeyObject | undefined {
  const known = importedKeys.get(publicKey);
  if (known) {
    importedKeys.delete(publicKey);
    importedKeys.set(publicKey, known);
    return known;
  }
  if (!isSoundKey(publicKey)) return undefined;
  const der = Buffer.concat([SPKI_PREFIX, fromHex(publicKey)]);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  if (importedKeys.size >= IMPORTED_KEYS_LIMIT) {
    const [oldest] = importedKeys.keys();
    if (oldest) importedKeys.delete(oldest);
  }
  importedKeys.set(publicKey, key);
  return key;
}

/** Never throws: anything that is not a sound signature of the message by the key is false. */
export function verify(publicKey: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  if (!isSoundSignature(signature)) return false;
  const key = importKey(publicKey);
  return key !== undefined && nativeVerify(null, message, key, signature);
}

/** The same rule on tweetnacl, a hundred times slower: for cross-checks at start and in tests. */
export function verifySecond(
  publicKey: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (!isSoundSignature(signature) || !isSoundKey(publicKey)) return false;
  return nacl.sign.detached.verify(message, signature, fromHex(publicKey));
}

/** A signer over the 32 secret bytes of RFC 8032; they are copied. */
export function createSigner(seed: Uint8Array): Signer {
  if (seed.length !== 32) throw new RangeError(`an ed25519 seed has 32 bytes, not ${seed.length}`);
  const der = Buffer.concat([PKCS8_PREFIX, seed]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  der.fill(0);
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  const publicKey = toHex(spki.subarray(SPKI_PREFIX.length)) as PublicKey;
  return { publicKey, sign: (message) => new Uint8Array(nativeSign(null, message, key)) };
}

/** As `createSigner`, on tweetnacl. */
export function createSecondSigner(seed: Uint8Array): Signer {
  const pair = nacl.sign.keyPair.fromSeed(seed);
  return {
    publicKey: toHex(pair.publicKey) as PublicKey,
    sign: (message) => nacl.sign.detached(message, pair.secretKey),
  };
}
