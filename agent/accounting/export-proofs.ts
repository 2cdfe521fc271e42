/** What the sound items of an export prove together: chains without gaps, lines in statements. */
import type { Evidence } from "./evidence.ts";
import type { ExportContents } from "./export-contents.ts";
import type { LedgerLine } from "./ledger-line.ts";
import { verifyConsistency, verifyInclusion } from "./merkle.ts";
import type { Sealed } from "./messages.ts";

export const nameOf = ({ record }: Evidence) =>
  `record ${record.body.generation}/${record.body.sequence}`;
export const chainOf = (body: { readonly box: string; readonly generation: number }) =>
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

/** Finds what is another box's: an account is of one subject, and what it proves is the subject's. */
export function checkSubject(contents: ExportContents): void {
  const subject = contents.header?.subject;
  const find = (item: number, about: string, box: string) => {
    if (subject !== undefined && box !== subject)
      contents.find(item, about, "wrong-box", `is of box ${box}`);
  };
  for (const { item, value } of contents.evidence) find(item, nameOf(value), value.record.body.box);
  for (const { item, value } of contents.acks)
    find(item, `ack ${value.body.generation}/${value.body.upTo}`, value.body.box);
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
