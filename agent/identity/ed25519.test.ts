import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  encodePoint,
  fromLittleEndian,
  IDENTITY,
  L,
  littleEndian,
  P,
  signOddly,
  smallOrderPoints,
} from "../../test/protocol/edwards.ts";
import { type PublicKey, toHex } from "../core/encoding.ts";
import { createSecondSigner, createSigner, isSoundKey, verify, verifySecond } from "./ed25519.ts";
import { nativeEd25519, secondEd25519, selfTest } from "./self-test.ts";

const message = Buffer.from("one mebibyte, verified");
const signer = createSigner(new Uint8Array(32).fill(7));
const signature = signer.sign(message);
const asKey = (data: Uint8Array) => toHex(data) as PublicKey;

/** Both implementations' answer, which must be one. */
function verdict(key: PublicKey, signed: Uint8Array, given: Uint8Array): boolean {
  const first = verify(key, signed, given);
  expect(verifySecond(key, signed, given)).toBe(first);
  return first;
}

describe("what both implementations refuse (fault 22)", () => {
  test("S of the group order or above", () => {
    const s = fromLittleEndian(signature.subarray(32));
    for (const malleable of [s + L, s + 2n * L, L, 2n ** 256n - 1n]) {
      const forged = new Uint8Array([...signature.subarray(0, 32), ...littleEndian(malleable)]);
      expect(verdict(signer.publicKey, message, forged)).toBe(false);
    }
  });

  test("keys and R of small order, in every encoding of them", () => {
    const encodings = smallOrderPoints().flatMap((point) => {
      const [x, y] = point;
      const sign = (x & 1n) << 255n;
      const above = y + P < 2n ** 255n ? [littleEndian((y + P) | sign)] : [];
      return [encodePoint(point), littleEndian(y | (1n << 255n)), ...above];
    });
    expect(new Set(encodings.map(toHex)).size).toBeGreaterThanOrEqual(12);
    for (const weak of encodings) {
      expect(isSoundKey(asKey(weak))).toBe(false);
      for (const s of [littleEndian(0n), signature.subarray(32)]) {
        expect(verdict(asKey(weak), message, new Uint8Array([...weak, ...s]))).toBe(false);
        expect(verdict(signer.publicKey, message, new Uint8Array([...weak, ...s]))).toBe(false);
      }
    }
  });

  test("a small-order key for which every message would verify without the rule", () => {
    const identity = encodePoint(IDENTITY);
    const forged = new Uint8Array([...identity, ...littleEndian(0n)]);
    expect(verdict(asKey(identity), message, forged)).toBe(false);
  });

  test("y of the field's prime or above, which names a point a second time", () => {
    for (const y of [P, P + 1n, P + 3n, 2n ** 255n - 1n]) {
      for (const sign of [0n, 1n << 255n]) {
        expect(isSoundKey(asKey(littleEndian(y | sign)))).toBe(false);
        const forged = new Uint8Array([...littleEndian(y | sign), ...signature.subarray(32)]);
        expect(verdict(signer.publicKey, message, forged)).toBe(false);
      }
    }
  });

  test("keys that are no point, and signatures of a wrong length", () => {
    const noPoint = littleEndian(2n);
    expect(verdict(asKey(noPoint), message, signature)).toBe(false);
    for (const length of [0, 63, 65]) {
      const cut = new Uint8Array(length);
      cut.set(signature.subarray(0, length));
      expect(verdict(signer.publicKey, message, cut)).toBe(false);
    }
  });
});

test("a key with a torsion part: both check without the cofactor", () => {
  const torsion = smallOrderPoints()[1] ?? IDENTITY;
  const seen = new Set<boolean>();
  for (let nonce = 1n; nonce < 40n; nonce++) {
    const odd = signOddly(message, 12_345n, nonce, { key: torsion, r: IDENTITY });
    const holds = odd.h % 8n === 0n;
    expect(verdict(asKey(odd.key), message, odd.signature)).toBe(holds);
    seen.add(holds);
  }
  expect(seen.size).toBe(2);
});

test("both make the same keys and signatures, and agree on damaged ones", () => {
  const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const input = fc.record({ seed: bytes32, text: fc.uint8Array(), bit: fc.nat(511) });
  fc.assert(
    fc.property(input, ({ seed, text, bit }) => {
      const [first, second] = [createSigner(seed), createSecondSigner(seed)];
      const made = first.sign(text);
      expect(second.publicKey).toBe(first.publicKey);
      expect(second.sign(text)).toEqual(made);
      expect(verdict(first.publicKey, text, made)).toBe(true);
      const at = bit >> 3;
      const damaged = made.with(at, (made[at] ?? 0) ^ (1 << (bit & 7)));
      expect(verdict(first.publicKey, text, damaged)).toBe(false);
    }),
    { seed: 4, numRuns: 25 },
  );
});

test("more keys than are remembered still verify", () => {
  for (let index = 0; index < 4_200; index++) {
    const seed = new Uint8Array(32);
    new DataView(seed.buffer).setUint32(0, index);
    const key = createSigner(seed);
    if (!verify(key.publicKey, message, key.sign(message))) throw new Error(`key ${index}`);
  }
  expect(verify(signer.publicKey, message, signature)).toBe(true);
});

test("looking at a signature in a Buffer changes no byte of it", () => {
  for (let seed = 0; seed < 2_000; seed++) {
    const data = Buffer.from(`message ${seed}`);
    const signed = Buffer.from(signer.sign(data));
    const before = signed.toString("hex");
    expect(verify(signer.publicKey, data, signed)).toBe(true);
    expect(signed.toString("hex")).toBe(before);
  }
});

describe("the self-test", () => {
  test("passes here", () => selfTest());

  test("refuses to run on an implementation that says yes to everything", () => {
    const credulous = { ...nativeEd25519, verify: () => true };
    expect(() => selfTest(credulous)).toThrow("signature self-test failed");
    expect(() => selfTest(nativeEd25519, { ...secondEd25519, verify: () => true })).toThrow();
  });

  test("refuses to run on an implementation that signs otherwise", () => {
    const other = (seed: Uint8Array) => createSigner(seed.toReversed());
    expect(() => selfTest({ ...nativeEd25519, createSigner: other })).toThrow("RFC 8032");
  });
});
