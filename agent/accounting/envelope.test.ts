import { describe, expect, test } from "bun:test";
import { examples, keys } from "../../test/protocol/examples.ts";
import { createSigner } from "../identity/ed25519.ts";
import { decodeBatch, encodeBatch } from "./batch.ts";
import { open, seal } from "./envelope.ts";
import { messageTypes } from "./schema.ts";
import { openSplit } from "./split.ts";

const environment = "dev";

describe("every message type", () => {
  test.each(messageTypes)("%s survives sealing and opening", (type) => {
    const { body, signer } = examples[type];
    const sealed = seal(type, body, signer, environment);
    const opened = open(type, sealed.bytes, { environment, signer: signer.publicKey });
    expect(opened).toEqual({ ok: true, message: sealed });
    expect(sealed.body).toEqual(body);
  });

  test.each(messageTypes)("%s with any one bit flipped is refused", (type) => {
    const { body, signer } = examples[type];
    const { bytes } = seal(type, body, signer, environment);
    for (let bit = 0; bit < bytes.length * 8; bit += 1 + (bytes.length >> 9)) {
      const damaged = Uint8Array.from(bytes);
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(open(type, damaged, { environment, signer: signer.publicKey }).ok).toBe(false);
    }
  });
});

test("a dev signature in production is refused as such (fault 23)", () => {
  const { body, signer } = examples.ticket;
  const { bytes } = seal("ticket", body, signer, "dev");
  const opened = open("ticket", bytes, { environment: "prod", signer: signer.publicKey });
  expect(opened).toMatchObject({ ok: false, code: "wrong-environment" });
});

test("a receipt forged by the box is refused (fault 24)", () => {
  const { bytes } = seal("receipt", examples.receipt.body, keys.box, environment);
  const opened = open("receipt", bytes, { environment, signer: keys.viewer.publicKey });
  expect(opened).toMatchObject({ ok: false, code: "unknown-signer" });
});

test("an old and a new coordinator key both count while they are trusted (fault 33)", () => {
  const next = createSigner(new Uint8Array(32).fill(99));
  const signer = new Set([keys.coordinator.publicKey, next.publicKey]);
  for (const key of [keys.coordinator, next]) {
    const { bytes } = seal("ticket", examples.ticket.body, key, environment);
    expect(open("ticket", bytes, { environment, signer }).ok).toBe(true);
  }
});

test("fractions of measured quantities are rounded down in the sealed body", () => {
  const body = { ...examples.receipt.body, elapsed: 12.7 as never };
  expect(seal("receipt", body, keys.viewer, environment).body.elapsed).toBe(12 as never);
});

test("a body outside its limits cannot be sealed", () => {
  const body = { ...examples.ticket.body, maxBytes: (2 ** 40) as never };
  expect(() => seal("ticket", body, keys.coordinator, environment)).toThrow("ticket.maxBytes");
});

test("a split counts only with the signature of each party, once", () => {
  const body = examples.split.body;
  const signed = [keys.creator, keys.label].map((key) => seal("split", body, key, "dev").bytes);
  const opened = openSplit(signed, { environment });
  expect(opened).toMatchObject({ ok: true, split: { body } });
  for (const wrong of [signed.slice(1), [...signed, ...signed], [signed[0], signed[0]], []]) {
    const refused = openSplit(wrong as Uint8Array[], { environment });
    expect(refused).toMatchObject({ ok: false, code: "split-unsigned" });
  }
});

test("a batch gives back its messages, and refuses what is not one", () => {
  const messages = [new Uint8Array([1]), new Uint8Array(700)];
  const frame = encodeBatch(messages);
  expect(decodeBatch(frame)).toEqual({ ok: true, messages });
  expect(decodeBatch(frame.subarray(1)).ok).toBe(false);
  expect(decodeBatch(new Uint8Array([0x99, 4, 0]))).toMatchObject({ code: "malformed" });
});
