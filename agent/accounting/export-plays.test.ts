import { expect, test } from "bun:test";
import { account, creator, signedSplit } from "../../test/protocol/example-account.ts";
import { expected, exported } from "../../test/protocol/example-export.ts";
import { examples, keys } from "../../test/protocol/examples.ts";
import { basisPoints, microTokens } from "../core/units.ts";
import { seal, splitId } from "./envelope.ts";
import { verifyExport } from "./verify-export.ts";
import type { ExportEntry } from "./write-export.ts";

const verified = (entries: readonly ExportEntry[]) => {
  const { content, copy } = exported(entries, creator);
  return verifyExport(content, expected, copy);
};
const found = (entries: readonly ExportEntry[]) =>
  verified(entries).findings.map(({ about, code, text }) => `${about}: ${code}: ${text}`);
const isSplit = (entry: ExportEntry) =>
  entry.kind === "message" && signedSplit.some((bytes) => bytes === entry.bytes);

const NOTE =
  "the split or the prices behind 1 of 1 lines of creators are not here, so what they pay was not checked";

test("a creator's share of a play is worked out from the split that all parties signed", () => {
  expect(verified(account())).toMatchObject({
    ok: true,
    provenTokens: microTokens(3_501n),
    findings: [],
    notes: [],
  });
});

test("a millionth more or less than the share is found", () => {
  const text = (paid: number) => `the play was paid ${paid}, by its split it earns 3501`;
  expect(found(account(1n))).toEqual([`line 1: overpaid: ${text(3502)}`]);
  expect(found(account(-1n))).toEqual([`line 1: underpaid: ${text(3500)}`]);
});

test("a play that is paid twice is found", () => {
  const again = account().flatMap((entry): readonly ExportEntry[] =>
    entry.kind === "line" ? [entry, { kind: "line", line: { ...entry.line, line: 9 } }] : [entry],
  );
  expect(found(again)).toEqual([
    "line 9: overpaid: the play was paid 7002, by its split it earns 3501",
  ]);
});

test("a split that a party did not sign pays nobody", () => {
  const entries = account();
  const first = entries.find(isSplit);
  expect(found(entries.filter((entry) => entry !== first))).toEqual([
    "terms: split-unsigned: split: 1 parties have not signed",
  ]);
});

test("a split that does not name the creator earns them nothing", () => {
  const parties = [{ key: keys.label.publicKey, share: basisPoints(10_000) }];
  const body = { ...examples.split.body, parties };
  const { bytes } = seal("split", body, keys.label, "dev");
  const others = account().map((entry): ExportEntry => {
    if (entry.kind !== "terms") return entry;
    return { kind: "terms", terms: { ...entry.terms, split: splitId(body) } };
  });
  expect(found([...others, { kind: "message", bytes }])).toEqual([
    "line 1: overpaid: the play was paid 3501, by its split it earns 0",
  ]);
});

test.each([
  ["terms", (entry: ExportEntry) => entry.kind === "terms"],
  ["split", isSplit],
  ["prices", (entry: ExportEntry) => entry.kind === "prices"],
])("without its %s nothing is found, and it is said that it was not checked", (_, left) => {
  const { findings, notes } = verified(account(1n).filter((entry) => !left(entry)));
  expect(findings).toEqual([]);
  expect(notes).toEqual([NOTE]);
});

test("two stories of what a play was paid by are found", () => {
  const [terms] = account().flatMap((entry) => (entry.kind === "terms" ? [entry.terms] : []));
  if (!terms) throw new Error("terms");
  const other: ExportEntry = { kind: "terms", terms: { ...terms, priceList: 2 } };
  expect(found([...account(), other])).toEqual([
    "terms: inconsistent: the same play has others before",
  ]);
});
