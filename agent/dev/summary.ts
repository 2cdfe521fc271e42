/**
 * Adds a development run up: what the viewer verified, what each box recorded and was told, and what
 * the coordinator's ledger holds. Pure; every disagreement is a sentence.
 */
import type { PublicKey } from "../core/encoding.ts";
import { formatBytes, formatTokens } from "../core/quantity.ts";
import type { MicroTokens } from "../core/units.ts";

export interface BoxFacts {
  readonly name: string;
  readonly box: PublicKey;
  readonly garbles: boolean;
  /** Bytes whose chunk hashes fit, as those who fetched from it counted them. */
  readonly verified: number;
  /** Those of them that it served before it began to garble: while the boxes filled each other. */
  readonly honest: number;
  readonly badChunks: number;
  readonly records: number;
  readonly pendingRecords: number;
  /** What the box's page shows as earned: the total of the newest signed ack. */
  readonly toldTokens: MicroTokens;
  readonly creditedBytes: number;
  readonly creditedTokens: MicroTokens;
  /** Balance of its wallet in the ledger. */
  readonly walletTokens: MicroTokens;
}

export interface CreatorFacts {
  readonly name: string;
  /** Basis points. */
  readonly share: number;
  readonly tokens: MicroTokens;
}

export interface RunFacts {
  readonly published: number;
  readonly fetched: number;
  readonly identical: boolean;
  readonly played: { readonly seconds: number; readonly segments: number; readonly stalls: number };
  readonly qualifiedPlays: number;
  readonly boxes: readonly BoxFacts[];
  /** Sums of all postings by kind of account; payers are negative. */
  readonly ledger: ReadonlyMap<string, MicroTokens>;
  /** What the creators share for each play that counts. */
  readonly pricePerPlay: MicroTokens;
  readonly creators: readonly CreatorFacts[];
  readonly originBytes: number;
}

/** Empty when every sum agrees with every other. */
export const disagreements = (facts: RunFacts): readonly string[] => [
  ...contentFaults(facts),
  ...facts.boxes.flatMap(boxFaults),
  ...creatorFaults(facts),
  ...ledgerFaults(facts),
];

function contentFaults({ identical, fetched, published }: RunFacts): readonly string[] {
  return [
    ...unless(identical, "the fetched files differ from the published ones"),
    ...unless(fetched === published, `${published} bytes were published and ${fetched} fetched`),
  ];
}

function boxFaults(box: BoxFacts): readonly string[] {
  const { name, verified, creditedBytes, creditedTokens, walletTokens, toldTokens } = box;
  return [
    ...unless(
      creditedBytes === verified,
      `${name}: viewers verified ${verified} bytes, credited are ${creditedBytes}`,
    ),
    ...unless(
      creditedTokens === walletTokens,
      `${name}: credited ${creditedTokens} micro-tokens, its wallet has ${walletTokens}`,
    ),
    ...unless(
      toldTokens === creditedTokens,
      `${name}: its page shows ${toldTokens} micro-tokens, the coordinator credited ${creditedTokens}`,
    ),
    ...unless(box.pendingRecords === 0, `${name}: ${box.pendingRecords} records are not answered`),
    ...unless(
      !box.garbles || creditedBytes === box.honest,
      `${name}: credited ${creditedBytes} bytes, of which only ${box.honest} were not garbled`,
    ),
  ];
}

/** The play has to have counted, and its price to have reached each creator by the split. */
function creatorFaults({ creators, qualifiedPlays, pricePerPlay }: RunFacts): readonly string[] {
  const due = BigInt(qualifiedPlays) * pricePerPlay;
  const paid = sum(creators.map(({ tokens }) => tokens));
  return [
    ...unless(qualifiedPlays > 0, "no play counted for the creators"),
    ...unless(
      paid === due,
      `${qualifiedPlays} plays are worth ${due} micro-tokens, the creators got ${paid}`,
    ),
    ...creators.flatMap(({ name, share, tokens }) => {
      // The largest remainder moves less than one micro-token a play.
      const off = tokens - (due * BigInt(share)) / 10_000n;
      const agrees = off >= 0n && off <= BigInt(qualifiedPlays);
      return unless(agrees, `${name} got ${tokens} of ${due} micro-tokens, not ${share / 100} %`);
    }),
  ];
}

function ledgerFaults({ ledger, boxes, creators }: RunFacts): readonly string[] {
  const total = sum([...ledger.values()]);
  const households = sum(boxes.map(({ walletTokens }) => walletTokens));
  const toHouseholds = ledger.get("household") ?? 0n;
  const held = sum(creators.map(({ tokens }) => tokens));
  const toCreators = ledger.get("creator") ?? 0n;
  return [
    ...unless(total === 0n, `the ledger's postings sum to ${total}, not to zero`),
    ...unless(
      households === toHouseholds,
      `the wallets hold ${households} micro-tokens, the ledger says ${toHouseholds}`,
    ),
    ...unless(
      held === toCreators,
      `the creators hold ${held} micro-tokens, the ledger says ${toCreators}`,
    ),
  ];
}

const unless = (holds: boolean, sentence: string) => (holds ? [] : [sentence]);
const sum = (amounts: readonly bigint[]) => amounts.reduce((total, amount) => total + amount, 0n);

/** The run in lines for people. */
export function summaryLines(facts: RunFacts): readonly string[] {
  const { played, boxes, ledger } = facts;
  const identical = facts.identical ? "identical to what was published" : "NOT what was published";
  return [
    `fetched   ${formatBytes(facts.fetched)} of ${formatBytes(facts.published)}, ${identical}; ${formatBytes(facts.originBytes)} came from the origin`,
    `played    ${Math.round(played.seconds)} s in ${played.segments} segments, ${played.stalls} stalls; ${playsText(facts.qualifiedPlays)}`,
    "",
    `${"box".padEnd(10)}${"verified".padStart(12)}${"bad chunks".padStart(12)}${"records".padStart(9)}${"credited".padStart(12)}${"tokens".padStart(12)}`,
    ...boxes.map(
      (box) =>
        `${box.name.padEnd(10)}${formatBytes(box.verified).padStart(12)}${String(box.badChunks).padStart(12)}${String(box.records).padStart(9)}${formatBytes(box.creditedBytes).padStart(12)}${formatTokens(box.walletTokens).padStart(12)}${box.garbles ? "   garbles its bytes" : ""}`,
    ),
    "",
    ...facts.creators.map(
      ({ name, share, tokens }) =>
        `${name.padEnd(10)}${formatTokens(tokens)} tokens, ${share / 100} % of what the play is worth`,
    ),
    `ledger    ${[...ledger].map(([kind, amount]) => `${kind} ${formatTokens(amount)}`).join(", ")}`,
  ];
}

const playsText = (plays: number) =>
  plays === 1 ? "one play counts for the creators" : `${plays} plays count for the creators`;
