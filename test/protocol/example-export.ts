/** A small account with everything in it that an export can hold, by fixed keys. */
import { seal } from "../../agent/accounting/envelope.ts";
import { type LedgerLine, lineLeaf } from "../../agent/accounting/ledger-line.ts";
import { MerkleTree } from "../../agent/accounting/merkle.ts";
import type { Ack, UsageRecord } from "../../agent/accounting/messages.ts";
import { type ExportEntry, writeExport } from "../../agent/accounting/write-export.ts";
import type { Hash, Id } from "../../agent/core/encoding.ts";
import {
  type BasisPoints,
  bytes,
  mebibytes,
  microTokens,
  milliseconds,
  unixSeconds,
} from "../../agent/core/units.ts";
import { examples, keys } from "./examples.ts";

const environment = "dev";
const NOW = examples.ticket.body.notBefore;
export const subject = keys.box.publicKey;
const PER_MEBIBYTE = 1_000n;

/** Two tickets, the first with an interim and a final record: 3 records for 4, 6 and 8 MiB. */
const tickets = ["6", "7"].map((digit) =>
  seal(
    "ticket",
    { ...examples.ticket.body, id: digit.repeat(32) as Id },
    keys.coordinator,
    environment,
  ),
);

const steps = [
  { ticket: 0, mebibytes: 4, earned: 4n },
  { ticket: 0, mebibytes: 6, earned: 2n },
  { ticket: 1, mebibytes: 8, earned: 8n },
];

function makeRecords() {
  const records = [];
  let previous = "0".repeat(64) as Hash;
  for (const [index, step] of steps.entries()) {
    const ticket = tickets[step.ticket];
    if (!ticket) throw new Error("no such ticket");
    const receipt = seal(
      "receipt",
      {
        ticket: ticket.hash,
        sequence: step.mebibytes,
        bytes: mebibytes(step.mebibytes),
        elapsed: milliseconds(step.mebibytes * 1_000),
      },
      keys.viewer,
      environment,
    );
    const body: UsageRecord = {
      ...examples.record.body,
      sequence: index + 1,
      previous,
      ticket: ticket.bytes,
      receipt: receipt.bytes,
      wireBytes: bytes(receipt.body.bytes + 1),
      wallTime: unixSeconds(NOW + index),
    };
    const record = seal("record", body, keys.box, environment);
    records.push(record);
    previous = record.hash;
  }
  return records;
}

export const records = makeRecords();

/** Every record's entry: the payer pays, the household and the platform receive. */
export const lines: readonly LedgerLine[] = records.flatMap((record, index) => {
  const earned = (steps[index]?.earned ?? 0n) * PER_MEBIBYTE;
  const at = unixSeconds(NOW + 60);
  const line = { entry: index * 3, source: record.hash, at };
  const first = index * 3;
  const fee = earned / 10n;
  return [
    {
      ...line,
      line: first,
      account: { kind: "payer", key: "home" },
      amount: microTokens(-earned - fee),
    },
    {
      ...line,
      line: first + 1,
      account: { kind: "household", key: subject },
      amount: microTokens(earned),
    },
    {
      ...line,
      line: first + 2,
      account: { kind: "platform", key: "home" },
      amount: microTokens(fee),
    },
  ] as const;
});

export const tree = new MerkleTree(lines.map(lineLeaf));

export function ack(change: Partial<Ack> = {}) {
  const last = records[2];
  if (!last) throw new Error("three records");
  const body: Ack = {
    box: subject,
    generation: 1,
    upTo: 3,
    head: last.hash,
    refused: [],
    creditedTotal: microTokens(14n * PER_MEBIBYTE),
    at: unixSeconds(NOW + 60),
    ...change,
  };
  return seal("ack", body, keys.coordinator, environment);
}

/** Two epochs: the first closed over 6 lines, the second over all 9. */
export const statements = [6, 9].map((treeSize, index) =>
  seal(
    "statement",
    {
      epoch: index + 1,
      root: tree.root(treeSize),
      previousRoot: tree.root(index === 0 ? 0 : 6),
      treeSize,
      credited: microTokens(index === 0 ? 6_000n : 14_000n),
      closedAt: unixSeconds(NOW + 3_600 * (index + 1)),
    },
    keys.coordinator,
    environment,
  ),
);

const message = ({ bytes: signed }: { readonly bytes: Uint8Array }): ExportEntry => ({
  kind: "message",
  bytes: signed,
});

export const entries: readonly ExportEntry[] = [
  {
    kind: "prices",
    prices: {
      id: 1,
      householdPerMebibyte: microTokens(PER_MEBIBYTE),
      creatorsPerPlay: microTokens(5_000n),
      platformFee: 1_000 as BasisPoints,
    },
  },
  message(seal("consent", examples.consent.body, keys.box, environment)),
  ...records.map(message),
  message(ack()),
  ...statements.map(message),
  ...lines.map((line): ExportEntry => ({ kind: "line", line })),
  ...lines.map(
    ({ line }): ExportEntry => ({
      kind: "inclusion",
      proof: { line, epoch: 2, path: tree.inclusionProof(line) },
    }),
  ),
  {
    kind: "consistency",
    proof: { oldEpoch: 1, epoch: 2, path: tree.consistencyProof(6) },
  },
];

/** The two files of an export. */
export function exported(from: Iterable<ExportEntry> = entries, of = subject) {
  const header = { environment, subject: of, at: unixSeconds(NOW + 7_200) } as const;
  const items = [...writeExport(header, from)];
  return {
    items: items.map((item) => item.cbor),
    content: new Uint8Array(Buffer.concat(items.map((item) => item.cbor))),
    copy: items.map((item) => item.json).join(""),
  };
}

export const expected = {
  environment,
  coordinators: new Set([keys.coordinator.publicKey]),
} as const;
