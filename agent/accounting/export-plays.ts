/** Whether the creators' lines of an export pay what a play earns by its price list and its split. */
import type { Hash } from "../core/encoding.ts";
import type { MicroTokens } from "../core/units.ts";
import type { ExportContents } from "./export-contents.ts";
import type { PublishedPrices } from "./export-format.ts";
import type { LedgerLine } from "./ledger-line.ts";
import type { Environment } from "./messages.ts";
import { divide } from "./shares.ts";
import { type AgreedSplit, openSplit } from "./split.ts";

/**
 * Compares what each party got for a play with its share. That the split is one which all its parties
 * signed is checked; that it is the one on the viewer's ticket is the coordinator's word.
 */
export function checkPlays(contents: ExportContents, environment: Environment): void {
  const splits = agreedSplits(contents, environment);
  const paid = new Map<string, bigint>();
  const last = new Map<string, { readonly item: number; readonly line: LedgerLine }>();
  for (const { item, value } of contents.lines) {
    const { account, source, amount } = value.line;
    if (account.kind !== "creator") continue;
    const share = `${source} ${account.key}`;
    paid.set(share, (paid.get(share) ?? 0n) + amount);
    last.set(share, { item, line: value.line });
  }
  for (const [share, { item, line }] of last) {
    const terms = termsOf(line, contents, splits);
    if (!terms) continue;
    const got = paid.get(share) ?? 0n;
    const earned = shareOf(line.account.key, terms.prices, terms.split);
    const text = `the play was paid ${got}, by its split it earns ${earned}`;
    if (got > earned) contents.find(item, `line ${line.line}`, "overpaid", text);
    if (got < earned) contents.find(item, `line ${line.line}`, "underpaid", text);
  }
}

/** True for a creator's line whose amount can be worked out from what is here. */
export const isCheckable = ({ source }: LedgerLine, contents: ExportContents): boolean => {
  const terms = contents.terms.get(source)?.value;
  return (
    terms !== undefined && contents.splits.has(terms.split) && contents.prices.has(terms.priceList)
  );
};

function termsOf(
  { source }: LedgerLine,
  { terms, prices }: ExportContents,
  splits: ReadonlyMap<Hash, AgreedSplit>,
): { readonly prices: PublishedPrices; readonly split: AgreedSplit } | undefined {
  const named = terms.get(source)?.value;
  const list = named && prices.get(named.priceList);
  const split = named && splits.get(named.split);
  return list && split && { prices: list, split };
}

const shareOf = (key: string, { creatorsPerPlay }: PublishedPrices, { body }: AgreedSplit) =>
  divide(creatorsPerPlay, body.parties)
    .filter((part) => part.key === key)
    .reduce<bigint>((sum, { amount }) => sum + amount, 0n) as MicroTokens;

/** Finds splits that plays were paid by and that not every party signed. */
function agreedSplits(
  contents: ExportContents,
  environment: Environment,
): ReadonlyMap<Hash, AgreedSplit> {
  const agreed = new Map<Hash, AgreedSplit>();
  const seen = new Set<Hash>();
  for (const { item, value } of contents.terms.values()) {
    const signed = contents.splits.get(value.split);
    if (!signed || seen.has(value.split)) continue;
    seen.add(value.split);
    const opened = openSplit(signed, { environment });
    if (opened.ok) agreed.set(value.split, opened.split);
    else contents.find(item, "terms", opened.code, opened.detail);
  }
  return agreed;
}
