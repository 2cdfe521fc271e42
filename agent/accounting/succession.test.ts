import { describe, expect, test } from "bun:test";
import type { PublicKey } from "../core/encoding.ts";
import { unixSeconds } from "../core/units.ts";
import { createSigner, type Signer } from "../identity/ed25519.ts";
import { seal } from "./envelope.ts";
import { openSuccessions, trustedKeys } from "./succession.ts";

const [a, b, c, stranger] = [1, 2, 3, 9].map((fill) =>
  createSigner(new Uint8Array(32).fill(fill)),
) as [Signer, Signer, Signer, Signer];

const from = (previous: Signer, next: Signer, signer: Signer) =>
  seal(
    "succession",
    { previous: previous.publicKey, next: next.publicKey, at: unixSeconds(1) },
    signer,
    "dev",
  ).bytes;

const reached = (root: Signer, ...signed: readonly Uint8Array[]): readonly PublicKey[] =>
  [...trustedKeys([root.publicKey], openSuccessions(signed, "dev"))].sort();
const keys = (...signers: readonly Signer[]) => signers.map(({ publicKey }) => publicKey).sort();

describe("whoever trusts a key", () => {
  test("is led to those that followed, in whatever order they are told", () => {
    expect(reached(a, from(b, c, b), from(a, b, a))).toEqual(keys(a, b, c));
  });
  test("is led to those before when the new key says so", () => {
    expect(reached(c, from(a, b, b), from(b, c, c))).toEqual(keys(a, b, c));
  });
  test("is not led anywhere by a key it does not trust", () => {
    expect(reached(a, from(stranger, a, stranger), from(a, stranger, stranger))).toEqual(keys(a));
    expect(reached(a, from(b, c, b))).toEqual(keys(a));
  });
  test("is not misled by what was changed, or signed for another environment", () => {
    const changed = from(a, b, a).with(60, 0);
    const { publicKey: previous } = a;
    const body = { previous, next: b.publicKey, at: unixSeconds(1) };
    const elsewhere = seal("succession", body, a, "prod").bytes;
    expect(reached(a, changed, elsewhere, new Uint8Array(100))).toEqual(keys(a));
  });
});

test("a third key cannot sign a hand-over between two others", () => {
  expect(() => from(a, b, stranger)).toThrow("its signer is neither of the keys");
});
