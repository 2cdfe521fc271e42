import { fromHex, type PublicKey, toHex } from "../core/encoding.ts";
import { exitCode, OperatorError } from "../core/errors.ts";
import { createSecondSigner, createSigner, type Signer, verify, verifySecond } from "./ed25519.ts";

/** RFC 8032 §7.1, tests 2 and 3: secret, public key, message, signature. */
const KNOWN_ANSWERS = [
  [
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  ],
  [
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    "af82",
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  ],
] as const;

export interface Ed25519Implementation {
  createSigner(seed: Uint8Array): Signer;
  verify(publicKey: PublicKey, message: Uint8Array, signature: Uint8Array): boolean;
}

export const nativeEd25519: Ed25519Implementation = { createSigner, verify };
export const secondEd25519: Ed25519Implementation = {
  createSigner: createSecondSigner,
  verify: verifySecond,
};

/**
 * Checks both ed25519 implementations against known answers and against each other, in a few
 * milliseconds; called once at start. Throws an OperatorError when one is wrong: accounts kept with
 * it would be worthless.
 */
export function selfTest(native = nativeEd25519, second = secondEd25519): void {
  const [knownAnswer, crossCheck] = KNOWN_ANSWERS;
  answers("node:crypto", native, ...knownAnswer);
  answers("tweetnacl", second, ...crossCheck);
  const [seed, publicKey, message, signature] = crossCheck.map(fromHex) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const key = toHex(publicKey) as PublicKey;
  const damaged = Uint8Array.from(signature, (byte, index) => (index === 40 ? byte ^ 1 : byte));
  const agree =
    toHex(native.createSigner(seed).sign(message)) === toHex(signature) &&
    native.verify(key, message, signature) &&
    !native.verify(key, message, damaged) &&
    !second.verify(key, message, damaged);
  if (!agree) fail("the two implementations disagree");
}

function answers(
  name: string,
  implementation: Ed25519Implementation,
  seed: string,
  publicKey: string,
  message: string,
  signature: string,
): void {
  const signer = implementation.createSigner(fromHex(seed));
  const right =
    signer.publicKey === publicKey &&
    toHex(signer.sign(fromHex(message))) === signature &&
    implementation.verify(signer.publicKey, fromHex(message), fromHex(signature));
  if (!right) fail(`${name} does not give the answers of RFC 8032`);
}

function fail(what: string): never {
  throw new OperatorError(
    exitCode.internal,
    `Refusing to run because the signature self-test failed on this machine (${what}): reinstall spareband, and if it fails again replace the device.`,
  );
}
