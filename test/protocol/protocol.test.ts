import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { encodePayload, open, seal } from "../../agent/accounting/envelope.ts";
import type { MessageBodies } from "../../agent/accounting/messages.ts";
import { messageTypes } from "../../agent/accounting/schema.ts";
import { toHex } from "../../agent/core/encoding.ts";
import { examples } from "./examples.ts";
import { forge } from "./forge.ts";
import { SPECIFICATION, VECTORS, vectorsText, withSections } from "./generate.ts";
import { refusedMessages } from "./refused-messages.ts";

test("docs/protocol.md says what the schema says", () => {
  const specification = readFileSync(SPECIFICATION, "utf8");
  expect(withSections(specification)).toBe(specification);
});

test("vectors.json is what the code makes", () => {
  expect(vectorsText()).toBe(readFileSync(VECTORS, "utf8"));
});

test.each(messageTypes)("%s: a general COSE encoder makes the same bytes", (type) => {
  const { body, signer } = examples[type];
  const forged = forge({
    type,
    signer,
    payload: encodePayload(type, body as MessageBodies[typeof type]),
  });
  expect(toHex(forged)).toBe(toHex(seal(type, body, signer, "dev").bytes));
});

describe("is refused", () => {
  test.each(refusedMessages.map((message) => [message.name, message] as const))(
    "%s",
    (_, message) => {
      const { type, bytes, signer, code } = message;
      expect(open(type, bytes, { environment: "dev", signer })).toMatchObject({ ok: false, code });
    },
  );
});

test("no two refused messages have one name", () => {
  const names = refusedMessages.map((message) => message.name);
  expect(new Set(names).size).toBe(names.length);
});
