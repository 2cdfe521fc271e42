/** The coordinator's answer about a wallet (`POST /v1/wallet`) as entries of an export. */
import * as v from "valibot";
import { bytesField, hashField, publicKeyField } from "../core/json.ts";
import { microTokens, type UnixSeconds } from "../core/units.ts";
import { peek } from "./envelope.ts";
import type { ExportEntry } from "./write-export.ts";

const bytes = bytesField(16_384);
const path = v.pipe(v.array(hashField), v.maxLength(64));
const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** Amounts are decimal text, since they pass 2^53. */
const amount = v.pipe(
  v.string(),
  v.regex(/^-?[0-9]{1,20}$/),
  v.transform((text) => microTokens(BigInt(text))),
);

const walletAnswer = v.object({
  wallet: publicKeyField,
  lines: v.pipe(
    v.array(
      v.object({
        line: whole,
        entry: whole,
        kind: v.picklist(["household", "creator"]),
        amount,
        source: hashField,
        at: v.pipe(
          whole,
          v.transform((at) => at as UnixSeconds),
        ),
        play: v.optional(bytes),
        split: v.optional(hashField),
        priceList: v.optional(whole),
        proof: v.optional(path),
      }),
    ),
    v.maxLength(1_000),
  ),
  next: v.optional(whole),
  statement: v.optional(bytes),
  consistency: v.optional(v.object({ from: bytes, proof: path })),
});

export type WalletEntries =
  | {
      readonly ok: true;
      readonly entries: readonly ExportEntry[];
      /** The line to ask from for the rest, when there is more. */
      readonly next?: number;
    }
  /** The answer is not one: what is wrong, and where. */
  | { readonly ok: false; readonly detail: string };

/**
 * Statements, ledger lines, their proofs, and the plays behind them with their terms. Nothing is verified here: that is
 * what the export is for.
 */
export function walletEntries(answer: unknown): WalletEntries {
  const parsed = v.safeParse(walletAnswer, answer);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    return { ok: false, detail: `${v.getDotPath(issue) ?? "answer"}: ${issue.message}` };
  }
  const { wallet, lines, statement, consistency, next } = parsed.output;
  const epoch = epochOf(statement);
  const oldEpoch = epochOf(consistency?.from);
  const entries: ExportEntry[] = [];
  if (consistency) entries.push({ kind: "message", bytes: consistency.from });
  if (statement) entries.push({ kind: "message", bytes: statement });
  if (consistency && epoch !== undefined && oldEpoch !== undefined) {
    const proof = { oldEpoch, epoch, path: consistency.proof };
    entries.push({ kind: "consistency", proof });
  }
  for (const { kind, play, split, priceList, proof, ...line } of lines) {
    if (play) entries.push({ kind: "message", bytes: play });
    if (split !== undefined && priceList !== undefined)
      entries.push({ kind: "terms", terms: { play: line.source, split, priceList } });
    entries.push({ kind: "line", line: { ...line, account: { kind, key: wallet } } });
    if (proof && epoch !== undefined) {
      entries.push({ kind: "inclusion", proof: { line: line.line, epoch, path: proof } });
    }
  }
  return { ok: true, entries, ...(next !== undefined && { next }) };
}

function epochOf(statement: Uint8Array | undefined): number | undefined {
  const seen = statement && peek(statement);
  return seen?.type === "statement" && "epoch" in seen.body ? seen.body.epoch : undefined;
}
