/**
 * Checks an export offline: with nothing but the file and the coordinator's public keys it says what
 * was proven and paid, and names every item, and where it can be told every field, that is not as it
 * was written.
 */
import { sha256 } from "../core/encoding.ts";
import { type Bytes, bytes, type MicroTokens, microTokens } from "../core/units.ts";
import type { Evidence } from "./evidence.ts";
import {
  aboutReadable,
  type Expectations,
  ExportContents,
  type Finding,
} from "./export-contents.ts";
import {
  decodeStructure,
  type ExportEnd,
  type ExportHeader,
  exportSchemas,
  type ReadItem,
  readableItem,
} from "./export-format.ts";
import { notesOn } from "./export-notes.ts";
import { checkPayouts } from "./export-payouts.ts";
import { checkPlays } from "./export-plays.ts";
import {
  checkAcks,
  checkChains,
  checkLines,
  checkStatements,
  checkSubject,
} from "./export-proofs.ts";
import { disagreement, parseLine, readExport } from "./read-export.ts";
import { openSuccessions, trustedKeys } from "./succession.ts";

export interface ExportReport {
  /** True when nothing was found. */
  readonly ok: boolean;
  readonly header: ExportHeader | undefined;
  readonly items: number;
  readonly records: number;
  readonly acks: number;
  readonly statements: number;
  readonly lines: number;
  /** Lines that a signed statement holds. */
  readonly provenLines: number;
  /** Bytes that receipts prove, each ticket's counted once. */
  readonly provenBytes: Bytes;
  /** Sum of the proven lines of the subject's account, or of the wallet its records are paid to. */
  readonly provenTokens: MicroTokens;
  /** The first thousand; damage does not tell on and on. */
  readonly findings: readonly Finding[];
  /** What could not be checked because it is not in the export. */
  readonly notes: readonly string[];
}

const MAX_FINDINGS = 1000;

/** `copy`: the JSON Lines beside the export; with it, damage is named by field. */
export function verifyExport(
  content: Uint8Array,
  expected: Expectations,
  copy?: string,
): ExportReport {
  const coordinators = trustedKeys(
    expected.coordinators,
    openSuccessions(messagesOf(content), expected.environment),
  );
  const contents = new ExportContents({ ...expected, coordinators });
  const copyLines = copy?.split("\n");
  const items = walk(content, contents, copyLines);
  if (copyLines && copyLines.length !== items + 1) {
    const text = `the JSON copy has ${copyLines.length - 1} lines for ${items} items`;
    contents.find(items, "copy", "copy-differs", text);
  }
  const { header } = contents;
  if (header && header.environment !== expected.environment) {
    contents.find(0, "header", "wrong-environment", `it is an export of ${header.environment}`);
  }
  const complete = checkChains(contents);
  checkSubject(contents);
  checkAcks(contents);
  const statements = checkStatements(contents);
  const proven = checkLines(contents, statements);
  checkPayouts(contents, complete, statements);
  checkPlays(contents, expected.environment);
  const evidence = contents.evidence
    .map(({ value }) => value)
    .filter(({ record }) => header === undefined || record.body.box === header.subject);
  const records = new Set(evidence.map(({ record }) => record.hash));
  const own = proven.filter(
    ({ account, source }) =>
      account.key === header?.subject || (account.kind === "household" && records.has(source)),
  );
  return {
    ok: contents.findings.length === 0,
    header,
    items,
    records: contents.evidence.length,
    acks: contents.acks.length,
    statements: contents.statements.length,
    lines: contents.lines.length,
    provenLines: proven.length,
    provenBytes: provenBytes(evidence),
    provenTokens: microTokens(own.reduce((sum, line) => sum + line.amount, 0n)),
    findings: contents.findings.toSorted((a, b) => a.item - b.item).slice(0, MAX_FINDINGS),
    notes: notesOn(contents),
  };
}

function* messagesOf(content: Uint8Array): Generator<Uint8Array> {
  for (const stretch of readExport(content)) {
    if (stretch.state === "sound" && stretch.item.kind === "message") yield stretch.item.content;
  }
}

/** Takes the sound items, finds the rest; returns how many items there are or should be. */
function walk(
  content: Uint8Array,
  contents: ExportContents,
  copy: readonly string[] | undefined,
): number {
  let next = 0;
  let ended = false;
  for (const stretch of readExport(content)) {
    if (stretch.state === "damaged") {
      const line = copy?.[stretch.index];
      // Of a damaged item even the number it says it has may be wrong: the copy knows better.
      const about = aboutLine(line) ?? (stretch.item ? aboutItem(stretch.item) : "item");
      contents.find(stretch.index, about, "damaged", damageText(stretch, line));
      next = stretch.index + 1;
      continue;
    }
    const { item, offset } = stretch;
    if (item.index !== next || ended || (item.kind === "header") !== (item.index === 0)) {
      const text = `stands where item ${next} should be`;
      contents.find(item.index, aboutItem(item), "misplaced", text);
    }
    const fields = copy ? disagreement(item, copy[item.index]) : [];
    if (fields.length > 0) {
      const text = `the JSON copy says something else in ${fields.join(", ")}`;
      contents.find(item.index, aboutItem(item), "copy-differs", text);
    }
    contents.take(item);
    if (item.kind === "end") {
      ended = true;
      checkEnd(item, content.subarray(0, offset), contents);
    }
    next = item.index + 1;
  }
  if (!ended)
    contents.find(
      next,
      "end",
      "cut-short",
      next === 0 ? "there is no item in it" : `the export ends after item ${next - 1}`,
    );
  return next;
}

function checkEnd(item: ReadItem, before: Uint8Array, contents: ExportContents): void {
  const end = decodeStructure<ExportEnd>(exportSchemas.end, item.content);
  if (!end.ok) contents.find(item.index, "end", end.code, end.detail);
  else if (end.value.items !== item.index || end.value.digest !== sha256(before)) {
    contents.find(item.index, "end", "damaged", "the file is not what its end was written for");
  }
}

const aboutItem = (item: ReadItem) => aboutReadable(readableItem(item));

/** undefined where there is no copy, or its line is damaged too. */
function aboutLine(line: string | undefined): string | undefined {
  const value = parseLine(line);
  return typeof value === "object" && value !== null ? aboutReadable(value) : undefined;
}

function damageText(
  { offset, end, item }: { offset: number; end: number; item?: ReadItem },
  line: string | undefined,
): string {
  const place = `bytes ${offset} to ${end - 1} were changed`;
  if (!item || line === undefined) return place;
  const fields = disagreement(item, line);
  return `${place}: ${fields.length > 0 ? fields.join(", ") : "outside the fields"}`;
}

function provenBytes(evidence: readonly Evidence[]): Bytes {
  const best = new Map<string, number>();
  for (const { ticket, proven } of evidence) {
    best.set(ticket.hash, Math.max(best.get(ticket.hash) ?? 0, proven));
  }
  return bytes([...best.values()].reduce((sum, count) => sum + count, 0));
}
