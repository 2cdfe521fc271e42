/** The lines of the list of faults that decoding has to survive, each under its number. */
import { describe, expect, test } from "bun:test";
import { decodeBatch, encodeBatch } from "../../agent/accounting/batch.ts";
import { open, seal } from "../../agent/accounting/envelope.ts";
import { openEvidence } from "../../agent/accounting/evidence.ts";
import { openSplit } from "../../agent/accounting/split.ts";
import { bytes } from "../../agent/core/units.ts";
import { examples, keys } from "./examples.ts";
import { refusedMessages } from "./refused-messages.ts";

const environment = "dev";
const coordinators = new Set([keys.coordinator.publicKey]);

function allRefused(...names: readonly (string | RegExp)[]): void {
  for (const name of names) {
    const matching = refusedMessages.filter((message) => message.name.match(name));
    expect(matching).not.toBeEmpty();
    for (const { type, bytes: given, signer, code } of matching) {
      expect(open(type, given, { environment, signer })).toMatchObject({ ok: false, code });
    }
  }
}

test("fault 20: negative, 2^64 and float amounts are refused at decoding", () => {
  allRefused(/^bytes: negative/, /^bytes: 2\^64/, /float/, /^credited total/);
});

test("fault 21: non-minimal CBOR, duplicate keys, trailing bytes, unknown fields are refused", () => {
  allRefused(/longer than needed/, /indefinite/, "a key twice", "keys out of order");
  allRefused("unknown field", "missing field", /^bytes after/);
});

test("fault 22: small-order keys and R, S ≥ L are refused in messages", () => {
  allRefused("S above the group order", "key of small order", "R of small order");
});

test("fault 23: a dev signature in production is refused", () => {
  const { bytes: given } = seal("record", examples.record.body, keys.box, "dev");
  const expected = { environment: "prod", coordinators } as const;
  expect(openEvidence(given, expected)).toMatchObject({ code: "wrong-environment" });
});

test("fault 24: a receipt that the box signed itself is refused", () => {
  allRefused("receipt signed by the box", "signed by another than its kid");
});

test("fault 31: one poisoned record in a batch is the only one that is refused", () => {
  const good = seal("record", examples.record.body, keys.box, environment).bytes;
  const poisons = refusedMessages.map((message) => message.bytes.subarray(0, 2048));
  for (const poison of poisons.filter((candidate) => candidate.length > 0)) {
    const batch = decodeBatch(encodeBatch([good, poison, good]));
    if (!batch.ok) throw new Error(batch.detail);
    const opened = batch.messages.map((record) =>
      openEvidence(record, { environment, coordinators }),
    );
    expect(opened.map((result) => result.ok)).toEqual([true, false, true]);
  }
});

describe("fault 32: frames made to hurt", () => {
  test("deep nesting and lying counts are refused before anything is made for them", () => {
    allRefused(/nested/, /claims/, /more bytes than the type allows/);
  });

  test("a batch that claims more than it holds, or holds more than is allowed", () => {
    const claims = ["99ffff", "9affffffff", "9b001fffffffffffff", "9f", "995bff"];
    for (const hex of claims) {
      expect(decodeBatch(Buffer.from(hex, "hex")).ok).toBe(false);
    }
    expect(decodeBatch(new Uint8Array(2 ** 20 + 1))).toMatchObject({ code: "too-large" });
    expect(() => encodeBatch(new Array(1025).fill(new Uint8Array(1)))).toThrow(RangeError);
  });

  test("twenty thousand refused records leave nothing behind", () => {
    const record = seal("record", examples.record.body, keys.box, environment).bytes;
    const poison = record.with(record.length - 66 - 1, 0xff);
    const result = openEvidence(poison, { environment, coordinators });
    expect(result).toMatchObject({ ok: false, code: "malformed" });
    Bun.gc(true);
    const before = process.memoryUsage().heapUsed;
    for (let count = 0; count < 20_000; count++)
      openEvidence(poison, { environment, coordinators });
    Bun.gc(true);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(16 * 1024 * 1024);
  });
});

test("fault 33: a ticket by the old coordinator key counts while that key is trusted", () => {
  const { body } = examples.record;
  const given = seal("record", body, keys.box, environment).bytes;
  const rotated = new Set([keys.label.publicKey, keys.coordinator.publicKey]);
  expect(openEvidence(given, { environment, coordinators: rotated }).ok).toBe(true);
  const retired = openEvidence(given, {
    environment,
    coordinators: new Set([keys.label.publicKey]),
  });
  expect(retired).toMatchObject({ ok: false, code: "unknown-signer" });
});

test("fault 35: a split that a party did not sign is refused", () => {
  const mine = seal("split", examples.split.body, keys.creator, environment).bytes;
  expect(openSplit([mine], { environment })).toMatchObject({ ok: false, code: "split-unsigned" });
});

test("fault 26: a receipt for bytes that were never sent proves none of them", () => {
  const body = { ...examples.record.body, wireBytes: bytes(1_000) };
  const given = seal("record", body, keys.box, environment).bytes;
  const opened = openEvidence(given, { environment, coordinators });
  expect(opened).toMatchObject({ ok: true, evidence: { proven: 1_000 } });
});
