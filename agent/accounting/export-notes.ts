/** What the items of an export leave open, so that "everything verifies" is not taken for more than it is. */
import type { ExportContents } from "./export-contents.ts";
import { isCheckable } from "./export-plays.ts";
import { chainOf } from "./export-proofs.ts";

/** Sentences for the reader; none of them says that something is wrong. */
export function notesOn(contents: ExportContents): readonly string[] {
  return [
    ...notesOnChains(contents),
    ...notesOnPrices(contents),
    ...notesOnLines(contents),
    ...notesOnPlays(contents),
  ];
}

interface Extent {
  readonly generation: number;
  readonly first: number;
  readonly last: number;
}

/** A household keeps what was answered for a time only, and may leave out its newest records. */
function notesOnChains({ evidence, acks }: ExportContents): readonly string[] {
  const extents = new Map<string, Extent>();
  for (const { value } of evidence) {
    const { generation, sequence } = value.record.body;
    const chain = chainOf(value.record.body);
    const first = extents.get(chain)?.first ?? sequence;
    extents.set(chain, { generation, first, last: sequence });
  }
  const begun = [...extents.values()]
    .filter(({ first }) => first > 1)
    .map(
      ({ generation, first }) =>
        `the records before ${generation}/${first} are not here, so what tickets were paid was not checked`,
    );
  const answered = new Map<string, string>();
  for (const { value } of acks) {
    const { upTo, generation } = value.body;
    const last = extents.get(chainOf(value.body))?.last ?? 0;
    if (upTo <= last) continue;
    const text = `records ${generation}/${last + 1} to ${generation}/${upTo} were answered, but are not here`;
    answered.set(chainOf(value.body), text);
  }
  return [...begun, ...answered.values()];
}

function notesOnPrices({ evidence, prices }: ExportContents): readonly string[] {
  const named = new Set(evidence.map(({ value }) => value.ticket.body.priceList));
  return [...named]
    .filter((id) => !prices.has(id))
    .map((id) => `price list ${id} is not here, so what its tickets were paid was not checked`);
}

/** A line whose record or play is elsewhere: another box of the wallet, or one that was left out. */
function notesOnLines({ evidence, lines, plays, header }: ExportContents): readonly string[] {
  const sources = new Set([...plays, ...evidence.map(({ value }) => value.record.hash)]);
  const open = lines.filter(
    ({ value: { line } }) => line.account.key === header?.subject && !sources.has(line.source),
  );
  if (open.length === 0) return [];
  return [
    `the records or plays behind ${open.length} of ${lines.length} ledger lines are not here`,
  ];
}

/** An account from before the coordinator told of splits, or one whose splits were left out. */
function notesOnPlays(contents: ExportContents): readonly string[] {
  const creators = contents.lines.filter(({ value: { line } }) => line.account.kind === "creator");
  const open = creators.filter(({ value: { line } }) => !isCheckable(line, contents));
  if (open.length === 0) return [];
  return [
    `the split or the prices behind ${open.length} of ${creators.length} lines of creators are not here, so what they pay was not checked`,
  ];
}
