import { expect, test } from "bun:test";
import {
  ack,
  expected,
  exported,
  lines,
  records,
  statements,
  subject,
  tree,
} from "../../test/protocol/example-export.ts";
import { type Hash, toBase64Url } from "../core/encoding.ts";
import { verifyExport } from "./verify-export.ts";
import { walletEntries } from "./wallet-entries.ts";

const [first, second] = statements;
if (!first || !second) throw new Error("two statements");

const answer = {
  ok: true,
  wallet: subject,
  balances: { household: "14000", creator: "0" },
  lines: lines
    .filter((line) => line.account.kind === "household")
    .map(({ line, entry, amount, source, at }) => ({
      line,
      entry,
      kind: "household",
      amount: `${amount}`,
      source,
      at,
      proof: tree.inclusionProof(line),
    })),
  statement: toBase64Url(second.bytes),
  consistency: { from: toBase64Url(first.bytes), proof: tree.consistencyProof(6) },
  boxes: [{ box: subject }],
};

test("a wallet's answer and the box's records make an export that verifies", () => {
  const wallet = walletEntries(answer);
  if (!wallet.ok) throw new Error(wallet.detail);
  const own = [...records, ack()].map(({ bytes }) => ({ kind: "message", bytes }) as const);
  const { content, copy } = exported([...own, ...wallet.entries]);
  expect(verifyExport(content, expected, copy)).toMatchObject({
    ok: true,
    statements: 2,
    lines: 3,
    provenLines: 3,
    provenTokens: 14_000n,
  });
});

test("a line that no statement covers yet comes without a proof", () => {
  const [line] = answer.lines;
  const { proof: _, ...open } = line ?? { proof: [] };
  const wallet = walletEntries({ wallet: subject, lines: [open], next: 7 });
  expect(wallet).toMatchObject({ ok: true, next: 7, entries: [{ kind: "line" }] });
});

test("a play comes with what it was paid by, where the coordinator says so", () => {
  const [line] = answer.lines;
  const [split, play] = ["5".repeat(64), toBase64Url(new Uint8Array([1]))];
  const creators = { ...line, kind: "creator", play };
  const lines = [{ ...creators, split, priceList: 3 }, creators];
  const wallet = walletEntries({ wallet: subject, lines });
  if (!wallet.ok) throw new Error(wallet.detail);
  expect(wallet.entries.filter(({ kind }) => kind === "terms")).toEqual([
    { kind: "terms", terms: { play: line?.source as Hash, split: split as Hash, priceList: 3 } },
  ]);
});

test.each([
  ["nothing", undefined],
  ["a split that is no hash", { ...answer, lines: [{ ...answer.lines[0], split: "mine" }] }],
  ["no lines", { wallet: subject }],
  ["a wallet that is no key", { ...answer, wallet: "me" }],
  ["an amount with a fraction", { ...answer, lines: [{ ...answer.lines[0], amount: "1.5" }] }],
  ["a statement that is not base64url", { ...answer, statement: "***" }],
  [
    "a proof without end",
    { ...answer, lines: [{ ...answer.lines[0], proof: new Array(65).fill(second.hash) }] },
  ],
])("an answer with %s is refused", (_, wrong) => {
  expect(walletEntries(wrong)).toMatchObject({ ok: false });
});
