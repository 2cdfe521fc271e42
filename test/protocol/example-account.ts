/** A creator's account with one play in it, which two parties share, by fixed keys. */
import { seal, splitId } from "../../agent/accounting/envelope.ts";
import { type LedgerLine, lineLeaf } from "../../agent/accounting/ledger-line.ts";
import { MerkleTree } from "../../agent/accounting/merkle.ts";
import type { ExportEntry } from "../../agent/accounting/write-export.ts";
import { type BasisPoints, microTokens, unixSeconds } from "../../agent/core/units.ts";
import { examples, keys } from "./examples.ts";

const environment = "dev";
const NOW = examples.ticket.body.notBefore;
export const creator = keys.creator.publicKey;

const play = seal("play", examples.play.body, keys.viewer, environment);
const split = splitId(examples.split.body);
export const signedSplit = [keys.creator, keys.label].map(
  (key) => seal("split", examples.split.body, key, environment).bytes,
);

const message = (bytes: Uint8Array): ExportEntry => ({ kind: "message", bytes });

/** 5 001 by 70 and 30 per cent: what is left of a millionth goes to the larger remainder. */
const SHARES = [
  ["payer", "home", -5_501n],
  ["creator", creator, 3_501n],
  ["creator", keys.label.publicKey, 1_500n],
  ["platform", "home", 500n],
] as const;

/**
 * The account of the creator when the play was paid so much more or less to them; the ledger balances
 * all the same.
 */
export function account(more = 0n): readonly ExportEntry[] {
  const lines = SHARES.map(
    ([kind, key, amount], line): LedgerLine => ({
      line,
      entry: 0,
      account: { kind, key },
      amount: microTokens(line === 0 ? amount - more : line === 1 ? amount + more : amount),
      source: play.hash,
      at: unixSeconds(NOW + 60),
    }),
  );
  const tree = new MerkleTree(lines.map(lineLeaf));
  const statement = seal(
    "statement",
    {
      epoch: 1,
      root: tree.root(lines.length),
      previousRoot: tree.root(0),
      treeSize: lines.length,
      credited: microTokens(5_501n + more),
      closedAt: unixSeconds(NOW + 3_600),
    },
    keys.coordinator,
    environment,
  );
  const [, own] = lines;
  if (!own) throw new Error("four lines");
  return [
    {
      kind: "prices",
      prices: {
        id: 1,
        householdPerMebibyte: microTokens(1_000n),
        creatorsPerPlay: microTokens(5_001n),
        platformFee: 1_000 as BasisPoints,
      },
    },
    message(statement.bytes),
    ...signedSplit.map(message),
    message(play.bytes),
    { kind: "terms", terms: { play: play.hash, split, priceList: 1 } },
    { kind: "line", line: own },
    { kind: "inclusion", proof: { line: 1, epoch: 1, path: tree.inclusionProof(1) } },
  ];
}
