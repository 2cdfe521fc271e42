/** What the sound items of an export prove together: chains without gaps, lines in statements, fair pay. */
import type { Hash } from "../core/encoding.ts";
import { type MicroTokens, microTokens } from "../core/units.ts";
import type { Evidence } from "./evidence.ts";
import type { ExportContents } from "./export-contents.ts";
import type { PublishedPrices } from "./export-format.ts";
import type { LedgerLine } from "./ledger-line.ts";
import { verifyConsistency, verifyInclusion } from "./merkle.ts";
import type { Sealed } from "./messages.ts";

const nameOf = ({ record }: Evidence) => `record ${record.body.generation}/${record.body.sequence}`;
const chainOf = (body: { readonly box: string; readonly generation: number }) =>
  `${body.box} ${body.generation}`;

/**
 * Follows each chain of records by number and hash. Returns the boxes whose records are all here,
 * from the first on: only of these can be said what they should have been paid.
 */
export function checkChains(contents: ExportContents): ReadonlySet<string> {
  const heads = new Map<string, Evidence>();
  const incomplete = new Set<string>();
  for (const { item, value } of contents.evidence) {
    const { sequence, previous, box } = value.record.body;
    const last = heads.get(chainOf(value.record.body));
    heads.set(chainOf(value.record.body), value);
    const lastSequence = last?.record.body.sequence ?? 0;
    if (sequence === lastSequence && last?.record.hash !== value.record.hash) {
      contents.find(item, nameOf(value), "equivocation", "another record has the same number");
    } else if (sequence !== lastSequence + 1) {
      incomplete.add(box);
      const why = `follows ${lastSequence === 0 ? "nothing" : `number ${lastSequence}`}`;
      if (last) contents.find(item, nameOf(value), "gap", why);
    } else if (last && previous !== last.record.hash) {
      contents.find(item, nameOf(value), "chain-broken", "does not name the record before it");
    }
  }
  const boxes = new Set(contents.evidence.map(({ value }) => value.record.body.box as string));
  return boxes.difference(incomplete);
}

/** Statements by epoch, after checking that no epoch has two and that each continues the one before. */
export function checkStatements(
  contents: ExportContents,
): ReadonlyMap<number, Sealed<"statement">> {
  const byEpoch = new Map<number, Sealed<"statement">>();
  for (const { item, value } of contents.statements) {
    const { epoch, root } = value.body;
    const other = byEpoch.get(epoch);
    if (other && other.hash !== value.hash) {
      const proof = other.body.root === root ? "one root" : "two roots";
      contents.find(
        item,
        `statement ${epoch}`,
        "two-roots",
        `epoch ${epoch} has ${proof} signed twice`,
      );
    }
    byEpoch.set(epoch, other ?? value);
  }
  for (const { item, value } of contents.statements) {
    const before = byEpoch.get(value.body.epoch - 1);
    if (before && before.body.root !== value.body.previousRoot) {
      contents.find(
        item,
        `statement ${value.body.epoch}`,
        "not-consistent",
        "names another previous root",
      );
    }
  }
  for (const { item, value } of contents.consistencies) {
    const [old, next] = [byEpoch.get(value.oldEpoch)?.body, byEpoch.get(value.epoch)?.body];
    const holds =
      old &&
      next &&
      verifyConsistency(old.treeSize, next.treeSize, value.path, old.root, next.root);
    const about = `consistency ${value.oldEpoch}-${value.epoch}`;
    if (!holds)
      contents.find(
        item,
        about,
        "not-consistent",
        "the later tree is not shown to keep the earlier",
      );
  }
  return byEpoch;
}

/** The lines that a signed statement is shown to hold. A line without a proof is not one of them. */
export function checkLines(
  contents: ExportContents,
  statements: ReadonlyMap<number, Sealed<"statement">>,
): readonly LedgerLine[] {
  const byNumber = new Map(contents.lines.map(({ value }) => [value.line.line, value]));
  const proven = new Map<number, LedgerLine>();
  for (const { item, value } of contents.inclusions) {
    const found = byNumber.get(value.line);
    const statement = statements.get(value.epoch)?.body;
    const holds =
      found &&
      statement &&
      verifyInclusion(found.leaf, value.line, statement.treeSize, value.path, statement.root);
    if (holds) proven.set(value.line, found.line);
    else {
      const about = `line ${value.line}`;
      contents.find(
        item,
        about,
        "not-in-statement",
        `epoch ${value.epoch} is not shown to hold it`,
      );
    }
  }
  return [...proven.values()];
}

/** 1 MiB, the unit that prices are per. */
const MEBIBYTE = 1_048_576n;

/** What a ticket has earned its household after so many verified bytes, rounded down once. */
const earnedAfter = (prices: PublishedPrices, bytes: number) =>
  microTokens((BigInt(bytes) * prices.householdPerMebibyte) / MEBIBYTE);

/**
 * Compares what each record's receipts earned with the lines that pay for it. Records that were
 * refused with a code, or that no later statement covers yet, may be unpaid.
 */
export function checkPayouts(
  contents: ExportContents,
  complete: ReadonlySet<string>,
  statements: ReadonlyMap<number, Sealed<"statement">>,
): void {
  const isDue = dueIndex(contents, statements);
  const paid = sumBySource(contents.lines.map(({ value }) => value.line));
  const before = new Map<Hash, number>();
  for (const { item, value } of contents.evidence) {
    const { ticket, record, proven } = value;
    const earlier = before.get(ticket.hash) ?? 0;
    before.set(ticket.hash, Math.max(earlier, proven));
    const prices = contents.prices.get(ticket.body.priceList);
    if (!prices || !complete.has(record.body.box)) continue;
    const after = Math.max(earlier, proven);
    const earned = earnedAfter(prices, after) - earnedAfter(prices, earlier);
    const got = paid.get(record.hash) ?? 0n;
    if (got > earned) {
      contents.find(
        item,
        nameOf(value),
        "overpaid",
        `was paid ${got}, its receipts earn ${earned}`,
      );
    } else if (got < earned && isDue(value)) {
      const code = got === 0n ? "left-out" : "underpaid";
      contents.find(item, nameOf(value), code, `was paid ${got}, its receipts earn ${earned}`);
    }
  }
}

function sumBySource(lines: readonly LedgerLine[]): ReadonlyMap<Hash, MicroTokens> {
  const sums = new Map<Hash, MicroTokens>();
  for (const { account, source, amount } of lines) {
    if (account.kind !== "household") continue;
    sums.set(source, microTokens((sums.get(source) ?? 0n) + amount));
  }
  return sums;
}

/**
 * Tells whether a record should have been paid: an ack covers it without a refusal, and a statement
 * was closed since. Looks things up by chain, as a household may have millions of records.
 */
function dueIndex(
  contents: ExportContents,
  statements: ReadonlyMap<number, Sealed<"statement">>,
): (evidence: Evidence) => boolean {
  const acks = Map.groupBy(contents.acks, ({ value }) => chainOf(value.body));
  const refused = new Set<string>();
  const earliest = new Map<string, readonly { upTo: number; at: number }[]>();
  for (const [chain, group] of acks) {
    const inOrder = group.map(({ value }) => value.body).toSorted((a, b) => a.upTo - b.upTo);
    earliest.set(chain, inOrder);
    for (const ack of inOrder) {
      for (const { sequence } of ack.refused) refused.add(`${chain} ${sequence}`);
    }
  }
  const lastClosed = [...statements.values()].reduce(
    (last, { body }) => Math.max(last, body.closedAt),
    0,
  );
  return ({ record }) => {
    const chain = chainOf(record.body);
    const { sequence } = record.body;
    const covering = firstCovering(earliest.get(chain) ?? [], sequence);
    return (
      covering !== undefined && covering.at < lastClosed && !refused.has(`${chain} ${sequence}`)
    );
  };
}

/** The first of the acks, in the order of `upTo`, that reaches the sequence. */
function firstCovering<A extends { readonly upTo: number }>(acks: readonly A[], sequence: number) {
  let [low, high] = [0, acks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((acks[middle]?.upTo ?? 0) < sequence) low = middle + 1;
    else high = middle;
  }
  return acks[low];
}

/** Finds acks whose head is not the record that they answer up to. */
export function checkAcks(contents: ExportContents): void {
  const hashes = new Map(
    contents.evidence.map(({ value: { record } }) => [
      `${chainOf(record.body)} ${record.body.sequence}`,
      record.hash,
    ]),
  );
  for (const { item, value } of contents.acks) {
    const { upTo, head, generation } = value.body;
    const known = hashes.get(`${chainOf(value.body)} ${upTo}`);
    if (known !== undefined && known !== head) {
      contents.find(item, `ack ${generation}/${upTo}`, "chain-broken", "answers another record");
    }
  }
}
