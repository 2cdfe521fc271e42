/**
 * The curve of ed25519 in plain bigints (RFC 8032 §6), only to make the points and signatures that
 * an honest library never makes.
 */
import { createHash } from "node:crypto";

export const P = 2n ** 255n - 19n;
export const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const D = mod(-121665n * inverse(121666n));

/** Affine x and y. */
export type Point = readonly [bigint, bigint];
export const IDENTITY: Point = [0n, 1n];

function mod(value: bigint, modulus = P): bigint {
  return ((value % modulus) + modulus) % modulus;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = mod(base), left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = mod(result * square);
    square = mod(square * square);
  }
  return result;
}

function inverse(value: bigint): bigint {
  return power(value, P - 2n);
}

export function add([x1, y1]: Point, [x2, y2]: Point): Point {
  const product = mod(D * x1 * x2 * y1 * y2);
  return [
    mod((x1 * y2 + x2 * y1) * inverse(1n + product)),
    mod((y1 * y2 + x1 * x2) * inverse(1n - product)),
  ];
}

export function multiply(scalar: bigint, point: Point): Point {
  let result = IDENTITY;
  for (let double = point, left = scalar; left > 0n; left >>= 1n) {
    if (left & 1n) result = add(result, double);
    double = add(double, double);
  }
  return result;
}

/** The point with this y and an even or odd x; undefined when there is none. */
export function pointAt(y: bigint, odd: boolean): Point | undefined {
  const square = mod((y * y - 1n) * inverse(D * y * y + 1n));
  let x = power(square, (P + 3n) / 8n);
  if (mod(x * x - square) !== 0n) x = mod(x * power(2n, (P - 1n) / 4n));
  if (mod(x * x - square) !== 0n) return undefined;
  return [((x & 1n) === 1n) === odd ? x : mod(-x), y];
}

export const BASE = pointAt(mod(4n * inverse(5n)), false) as Point;

export function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) =>
    Number((value >> BigInt(8 * index)) & 0xffn),
  );
}

export const fromLittleEndian = (data: Uint8Array) =>
  data.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);

export const encodePoint = ([x, y]: Point) => littleEndian(y | ((x & 1n) << 255n));

/** The eight points of small order, from one of order eight. */
export function smallOrderPoints(): readonly Point[] {
  for (let y = 2n; ; y++) {
    const point = pointAt(y, false);
    const torsion = point && multiply(L, point);
    if (!torsion || multiply(4n, torsion)[1] === 1n) continue;
    return Array.from({ length: 8 }, (_, times) => multiply(BigInt(times), torsion));
  }
}

export const challenge = (r: Uint8Array, a: Uint8Array, message: Uint8Array) =>
  fromLittleEndian(createHash("sha512").update(r).update(a).update(message).digest()) % L;

/** Signs with chosen secrets, and with a torsion point added to the key and to R. */
export function signOddly(
  message: Uint8Array,
  secret: bigint,
  nonce: bigint,
  torsion: { readonly key: Point; readonly r: Point },
) {
  const key = encodePoint(add(multiply(secret, BASE), torsion.key));
  const r = encodePoint(add(multiply(nonce, BASE), torsion.r));
  const h = challenge(r, key, message);
  const s = littleEndian((nonce + h * secret) % L);
  return { key, signature: new Uint8Array([...r, ...s]), h };
}
