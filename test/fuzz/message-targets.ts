/** The decoders of signed messages and what is made of them, with what must hold of what they accept. */
import { decodeBatch, encodeBatch } from "../../agent/accounting/batch.ts";
import { encodePayload, open, peek, seal } from "../../agent/accounting/envelope.ts";
import { openEvidence } from "../../agent/accounting/evidence.ts";
import { encodeItem, readItem } from "../../agent/accounting/export-format.ts";
import { decodeLine, encodeLine } from "../../agent/accounting/ledger-line.ts";
import type { MessageType } from "../../agent/accounting/messages.ts";
import { messageTypes } from "../../agent/accounting/schema.ts";
import { openSplit } from "../../agent/accounting/split.ts";
import { verifyExport } from "../../agent/accounting/verify-export.ts";
import { fromBase64Url, toBase64Url } from "../../agent/core/encoding.ts";
import { packRecords, unpackRecords } from "../../agent/journal/segment.ts";
import { DamagedRow } from "../../agent/journal/table.ts";
import { exported, lines } from "../protocol/example-export.ts";
import { examples, keys } from "../protocol/examples.ts";
import { refusedMessages } from "../protocol/refused-messages.ts";

export interface ByteTarget {
  readonly name: string;
  readonly seeds: readonly Uint8Array[];
  /**
   * Decodes; returns a word for what happened, so that inputs with new outcomes are built upon.
   * Throws when something that must hold does not.
   */
  run(bytes: Uint8Array): string;
}

const environment = "dev";
const coordinators = new Set([keys.coordinator.publicKey]);
const sealed = (type: MessageType) =>
  seal(type, examples[type].body, examples[type].signer, environment).bytes;
const record = sealed("record");

/** Numbers say where, not what. */
const outcome = (result: { readonly ok: boolean; readonly detail?: string }) =>
  result.ok ? "ok" : (result.detail ?? "").replaceAll(/[0-9a-f]{8,}|\d+/g, "");

function same(one: Uint8Array, other: Uint8Array, what: string): void {
  if (Buffer.compare(one, other) !== 0) throw new Error(`${what} has two encodings`);
}

const messages = messageTypes.map((type): ByteTarget => {
  const signer = examples[type].signer.publicKey;
  const expected = { environment, signer } as const;
  const refused = refusedMessages.filter((message) => message.type === type);
  return {
    name: `message ${type}`,
    seeds: [sealed(type), ...refused.map(({ bytes }) => bytes)],
    run(bytes) {
      const opened = open(type, bytes, expected);
      const seen = peek(bytes);
      if (opened.ok && !seen) throw new Error("opened what cannot be peeked at");
      if (seen) {
        const payload = encodePayload(seen.type, seen.body);
        const frame = bytes.subarray(bytes.length - 66 - payload.length, bytes.length - 66);
        same(payload, frame, "a payload");
      }
      return outcome(opened);
    },
  };
});

export const messageTargets: readonly ByteTarget[] = [
  ...messages,
  {
    name: "batch",
    seeds: [encodeBatch([record]), encodeBatch([record, new Uint8Array([1]), record])],
    run(bytes) {
      const decoded = decodeBatch(bytes);
      if (decoded.ok) same(encodeBatch(decoded.messages), bytes, "a batch");
      return outcome(decoded);
    },
  },
  {
    name: "evidence",
    seeds: [record],
    run: (bytes) => outcome(openEvidence(bytes, { environment, coordinators })),
  },
  {
    name: "split",
    seeds: [sealed("split")],
    run: (bytes) => outcome(openSplit([bytes, sealedSplit], { environment })),
  },
  {
    name: "ledger line",
    seeds: lines.slice(0, 3).map(encodeLine),
    run(bytes) {
      const decoded = decodeLine(bytes);
      if (decoded.ok) same(encodeLine(decoded.line), bytes, "a line");
      return outcome(decoded);
    },
  },
  {
    name: "export item",
    seeds: exported().items,
    run(bytes) {
      const item = readItem(bytes, 0);
      if (item?.sound) same(encodeItem(item), bytes.subarray(0, item.end), "an item");
      return `${item?.kind} ${item?.sound}`;
    },
  },
  {
    name: "base64url",
    seeds: [Buffer.from(toBase64Url(record))],
    run(bytes) {
      const text = Buffer.from(bytes).toString("latin1");
      const decoded = fromBase64Url(text);
      if (decoded && toBase64Url(decoded) !== text) throw new Error("base64url is not unique");
      return String(decoded !== undefined);
    },
  },
];

const sealedSplit = sealed("split");

/** Decoders that cost so much more a run that they get fewer. */
export const slowTargets: readonly ByteTarget[] = [
  {
    name: "export",
    seeds: [exported().content],
    run: (bytes) =>
      verifyExport(bytes, { environment, coordinators }, exported().copy)
        .findings.map(({ code }) => code)
        .join(" "),
  },
  {
    name: "journal segment",
    seeds: [packRecords([record, record])],
    run(bytes) {
      try {
        return `${unpackRecords(bytes).length} records`;
      } catch (fault) {
        if (fault instanceof DamagedRow) return "damaged";
        throw fault;
      }
    },
  },
];
