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

export interface RunFacts {
  readonly published: number;
  readonly fetched: number;
  readonly identical: boolean;
  readonly played: { readonly seconds: number; readonly segments: number; readonly stalls: number };
  readonly qualifiedPlays: number;
  readonly boxes: readonly BoxFacts[];
  /** Sums of all postings by kind of account; payers are negative. */
  readonly ledger: ReadonlyMap<string, MicroTokens>;
  readonly creators: readonly { readonly name: string; readonly tokens: MicroTokens }[];
  readonly originBytes: number;
}

/** Empty when every sum agrees with every other. */
export function disagreements(facts: RunFacts): readonly string[] {
  const wrong: string[] = [];
  const expect = (holds: boolean, sentence: string) => {
    if (!holds) wrong.push(sentence);
  };
  expect(facts.identical, "the fetched files differ from the published ones");
  expect(
    facts.fetched === facts.published,
    `${facts.published} bytes were published and ${facts.fetched} fetched`,
  );
  for (const box of facts.boxes) {
    const { name, verified, creditedBytes, creditedTokens, walletTokens, toldTokens } = box;
    expect(
      creditedBytes === verified,
      `${name}: viewers verified ${verified} bytes, credited are ${creditedBytes}`,
    );
    expect(
      creditedTokens === walletTokens,
      `${name}: credited ${creditedTokens} micro-tokens, its wallet has ${walletTokens}`,
    );
    expect(
      toldTokens === creditedTokens,
      `${name}: its page shows ${toldTokens} micro-tokens, the coordinator credited ${creditedTokens}`,
    );
    expect(box.pendingRecords === 0, `${name}: ${box.pendingRecords} records are not answered`);
    if (box.garbles) expect(creditedTokens === 0n, `${name}: garbled bytes earned tokens`);
  }
  const sum = [...facts.ledger.values()].reduce((total, amount) => total + amount, 0n);
  expect(sum === 0n, `the ledger's postings sum to ${sum}, not to zero`);
  const households = facts.boxes.reduce((total, box) => total + box.walletTokens, 0n);
  const inLedger = facts.ledger.get("household") ?? 0n;
  expect(
    households === inLedger,
    `the wallets hold ${households} micro-tokens, the ledger says ${inLedger}`,
  );
  const creators = facts.creators.reduce((total, creator) => total + creator.tokens, 0n);
  const toCreators = facts.ledger.get("creator") ?? 0n;
  expect(
    creators === toCreators,
    `the creators hold ${creators} micro-tokens, the ledger says ${toCreators}`,
  );
  return wrong;
}

/** The run in lines for people. */
export function summaryLines(facts: RunFacts): readonly string[] {
  const { played, boxes, ledger } = facts;
  const identical = facts.identical ? "identical to what was published" : "NOT what was published";
  return [
    `fetched   ${formatBytes(facts.fetched)} of ${formatBytes(facts.published)}, ${identical}; ${formatBytes(facts.originBytes)} came from the origin`,
    `played    ${Math.round(played.seconds)} s in ${played.segments} segments, ${played.stalls} stalls; ${facts.qualifiedPlays} play counts for the creators`,
    "",
    `${"box".padEnd(10)}${"verified".padStart(12)}${"bad chunks".padStart(12)}${"records".padStart(9)}${"credited".padStart(12)}${"tokens".padStart(12)}`,
    ...boxes.map(
      (box) =>
        `${box.name.padEnd(10)}${formatBytes(box.verified).padStart(12)}${String(box.badChunks).padStart(12)}${String(box.records).padStart(9)}${formatBytes(box.creditedBytes).padStart(12)}${formatTokens(box.walletTokens).padStart(12)}${box.garbles ? "   garbles its bytes" : ""}`,
    ),
    "",
    ...facts.creators.map(({ name, tokens }) => `${name.padEnd(10)}${formatTokens(tokens)} tokens`),
    `ledger    ${[...ledger].map(([kind, amount]) => `${kind} ${formatTokens(amount)}`).join(", ")}`,
  ];
}
