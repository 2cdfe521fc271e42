import { expect, test } from "bun:test";
import {
  ack,
  entries,
  expected,
  exported,
  records,
  statements,
  subject,
  tree,
} from "../../test/protocol/example-export.ts";
import { examples, keys } from "../../test/protocol/examples.ts";
import { bytes, mebibytes, microTokens } from "../core/units.ts";
import { createSigner } from "../identity/ed25519.ts";
import { seal } from "./envelope.ts";
import { lineLeaf } from "./ledger-line.ts";
import { MerkleTree } from "./merkle.ts";
import { verifyExport } from "./verify-export.ts";
import type { ExportEntry } from "./write-export.ts";

const message = (sealed: { readonly bytes: Uint8Array }): ExportEntry => ({
  kind: "message",
  bytes: sealed.bytes,
});
const codesOf = (from: Iterable<ExportEntry>) =>
  verifyExport(exported(from).content, expected).findings.map(
    ({ about, code }) => `${about}: ${code}`,
  );
const without = (...gone: readonly (ExportEntry | undefined)[]) =>
  entries.filter((entry) => !gone.includes(entry));
const entryOf = (signed: Uint8Array | undefined) =>
  entries.find((entry) => entry.kind === "message" && entry.bytes === signed);

test("an export verifies with the coordinator's public key alone", () => {
  const { content, copy } = exported();
  expect(verifyExport(content, expected, copy)).toEqual({
    ok: true,
    header: {
      version: 1,
      environment: "dev",
      subject,
      at: (examples.ticket.body.notBefore + 7_200) as never,
    },
    items: 29,
    records: 3,
    acks: 1,
    statements: 2,
    lines: 9,
    provenLines: 9,
    provenBytes: mebibytes(14),
    provenTokens: microTokens(14_000n),
    findings: [],
    notes: [],
  });
});

test("what is another box's is found, and not counted as the subject's", () => {
  const twin = createSigner(new Uint8Array(32).fill(77));
  const { content } = exported(entries, twin.publicKey);
  const { ok, findings, provenBytes, provenTokens } = verifyExport(content, expected);
  expect({ ok, provenBytes, provenTokens }).toEqual({
    ok: false,
    provenBytes: bytes(0),
    provenTokens: microTokens(0n),
  });
  expect(new Set(findings.map(({ code }) => code))).toEqual(new Set(["wrong-box"]));
  expect(findings.map(({ about }) => about)).toEqual([
    "record 1/1",
    "record 1/2",
    "record 1/3",
    "ack 1/3",
  ]);
});

test("what was left out, so that something is not checked, is said", () => {
  const notesWithout = (...gone: readonly (ExportEntry | undefined)[]) =>
    verifyExport(exported(without(...gone)).content, expected).notes;
  const kinds = (kind: ExportEntry["kind"]) => entries.filter((entry) => entry.kind === kind);
  const [first, , last] = records.map(({ bytes: signed }) => entryOf(signed));
  expect(notesWithout(first)).toEqual([
    "the records before 1/2 are not here, so what tickets were paid was not checked",
    "the records or plays behind 1 of 9 ledger lines are not here",
  ]);
  expect(notesWithout(last)).toEqual([
    "records 1/3 to 1/3 were answered, but are not here",
    "the records or plays behind 1 of 9 ledger lines are not here",
  ]);
  expect(notesWithout(...kinds("prices"))).toEqual([
    "price list 1 is not here, so what its tickets were paid was not checked",
  ]);
});

/** Where each item of the export starts. */
test("records paid to a wallet other than the box count as the box's", () => {
  const paid = entries.map(
    (entry): ExportEntry =>
      entry.kind === "line" && entry.line.account.kind === "household"
        ? {
            kind: "line",
            line: { ...entry.line, account: { kind: "household", key: keys.label.publicKey } },
          }
        : entry,
  );
  const lineEntries = paid.flatMap((entry) => (entry.kind === "line" ? [entry.line] : []));
  const walletTree = new MerkleTree(lineEntries.map(lineLeaf));
  const closed = statements[1];
  if (!closed) throw new Error("two statements");
  const statement = seal(
    "statement",
    { ...closed.body, epoch: 3, root: walletTree.root() },
    keys.coordinator,
    "dev",
  );
  const kept = paid.filter((entry) => entry.kind !== "inclusion");
  const proofs = lineEntries.map(
    ({ line }): ExportEntry => ({
      kind: "inclusion",
      proof: { line, epoch: 3, path: walletTree.inclusionProof(line) },
    }),
  );
  const report = verifyExport(exported([...kept, message(statement), ...proofs]).content, expected);
  expect(report.provenTokens).toBe(microTokens(14_000n));
});

test("a gap in the records is found", () => {
  expect(codesOf(without(entryOf(records[1]?.bytes)))).toContain("record 1/3: gap");
});

test("two records with one number are found (fault 11)", () => {
  const body = { ...examples.record.body, ...records[2]?.body, wireBytes: bytes(99 * 1024 * 1024) };
  const twin = seal("record", body, keys.box, "dev");
  expect(codesOf([...entries, message(twin)])).toContain("record 1/3: equivocation");
});

test("what another key signed in the coordinator's place counts for nothing (fault 38)", () => {
  const forger = createSigner(new Uint8Array(32).fill(77));
  const forged = seal("ack", ack().body, forger, "dev");
  expect(codesOf([...without(entryOf(ack().bytes)), message(forged)])).toContain(
    "ack 1/3: unknown-signer",
  );
});

test("an ack whose head is another record's is found", () => {
  const replaced = entries.map((entry) =>
    entry.kind === "message" && Buffer.compare(entry.bytes, ack().bytes) === 0
      ? message(ack({ head: examples.ack.body.head }))
      : entry,
  );
  expect(codesOf(replaced)).toEqual(["ack 1/3: chain-broken"]);
});

test("a statement that leaves out an acknowledged line is found (fault 36)", () => {
  const kept = entries.filter(
    (entry) =>
      !(entry.kind === "line" && entry.line.line === 4) &&
      !(entry.kind === "inclusion" && entry.proof.line === 4),
  );
  expect(codesOf(kept)).toEqual(["record 1/2: left-out"]);
});

test("a refused record may be unpaid", () => {
  const refusing = ack({ refused: [{ sequence: 2, code: "over-rate" }] });
  const kept = entries.filter(
    (entry) =>
      !(entry.kind === "line" && entry.line.line === 4) &&
      !(entry.kind === "inclusion" && entry.proof.line === 4),
  );
  const replaced = kept.map((entry) =>
    entry === entryOf(ack().bytes) ||
    (entry.kind === "message" && Buffer.compare(entry.bytes, ack().bytes) === 0)
      ? message(refusing)
      : entry,
  );
  expect(codesOf(replaced)).toEqual([]);
});

test("what a refusal held back may be paid with a later record of the ticket", () => {
  const refusing = ack({ refused: [{ sequence: 1, code: "over-rate" }] });
  const moved = entries.map((entry): ExportEntry => {
    if (entry.kind === "line" && entry.line.line === 1)
      return { kind: "line", line: { ...entry.line, amount: microTokens(1_000n) } };
    if (entry.kind === "line" && entry.line.line === 4)
      return { kind: "line", line: { ...entry.line, amount: microTokens(5_000n) } };
    return entry.kind === "message" && Buffer.compare(entry.bytes, ack().bytes) === 0
      ? message(refusing)
      : entry;
  });
  const codes = codesOf(moved.filter((entry) => entry.kind !== "inclusion"));
  expect(codes).toEqual([]);
});

test("a line that pays more than its receipts earn is found", () => {
  const raised = entries.map(
    (entry): ExportEntry =>
      entry.kind === "line" && entry.line.line === 1
        ? { kind: "line", line: { ...entry.line, amount: microTokens(4_001n) } }
        : entry,
  );
  const codes = codesOf(raised);
  expect(codes).toContain("record 1/1: overpaid");
  expect(codes).toContain("line 1: not-in-statement");
});

test("two roots for one epoch are found, and both are in the export as proof (fault 37)", () => {
  const second = statements[1];
  if (!second) throw new Error("two statements");
  const other = seal("statement", { ...second.body, root: tree.root(8) }, keys.coordinator, "dev");
  expect(codesOf([...entries, message(other)])).toContain("statement 2: two-roots");
});

test("a tree that does not keep the earlier one is found", () => {
  const broken = entries.map(
    (entry): ExportEntry =>
      entry.kind === "consistency"
        ? { kind: "consistency", proof: { ...entry.proof, path: tree.consistencyProof(5) } }
        : entry,
  );
  expect(codesOf(broken)).toEqual(["consistency 1-2: not-consistent"]);
});

test("an export of the other environment is not taken for one of this", () => {
  const { content } = exported();
  const { ok, findings } = verifyExport(content, { ...expected, environment: "prod" });
  expect(ok).toBe(false);
  expect(new Set(findings.map((finding) => finding.code))).toContain("wrong-environment");
});
