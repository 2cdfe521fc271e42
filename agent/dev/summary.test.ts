import { expect, test } from "bun:test";
import type { PublicKey } from "../core/encoding.ts";
import { microTokens } from "../core/units.ts";
import { type BoxFacts, disagreements, type RunFacts, summaryLines } from "./summary.ts";

const tokens = microTokens;

const kitchen: BoxFacts = {
  name: "kitchen",
  box: "1".repeat(64) as PublicKey,
  garbles: false,
  verified: 1_048_576,
  honest: 0,
  badChunks: 0,
  records: 2,
  pendingRecords: 0,
  toldTokens: tokens(1000n),
  creditedBytes: 1_048_576,
  creditedTokens: tokens(1000n),
  walletTokens: tokens(1000n),
};
const cellar: BoxFacts = {
  ...kitchen,
  name: "cellar",
  garbles: true,
  verified: 0,
  badChunks: 3,
  toldTokens: tokens(0n),
  creditedBytes: 0,
  creditedTokens: tokens(0n),
  walletTokens: tokens(0n),
};
const good: RunFacts = {
  published: 1_048_576,
  fetched: 1_048_576,
  identical: true,
  played: { seconds: 180, segments: 45, stalls: 0 },
  qualifiedPlays: 1,
  boxes: [kitchen, cellar],
  ledger: new Map([
    ["household", tokens(1000n)],
    ["creator", tokens(5000n)],
    ["platform", tokens(600n)],
    ["payer", tokens(-6600n)],
  ]),
  pricePerPlay: tokens(5000n),
  creators: [
    { name: "composer", share: 7000, tokens: tokens(3500n) },
    { name: "label", share: 3000, tokens: tokens(1500n) },
  ],
  originBytes: 0,
};

test("a run in which everything adds up has no disagreement", () => {
  expect(disagreements(good)).toEqual([]);
});

const withKitchen = (changed: Partial<BoxFacts>) => ({
  boxes: [{ ...kitchen, ...changed }, cellar],
});
const wrong: readonly [string, Partial<RunFacts>, string][] = [
  ["other bytes", { identical: false }, "the fetched files differ"],
  ["missing bytes", { fetched: 1_048_575 }, "1048576 bytes were published and 1048575 fetched"],
  ["too much credited", withKitchen({ creditedBytes: 1_048_577 }), "kitchen: viewers verified"],
  ["too little in the wallet", withKitchen({ walletTokens: tokens(999n) }), "its wallet has 999"],
  ["another sum on the page", withKitchen({ toldTokens: tokens(7n) }), "its page shows 7"],
  ["an unanswered record", withKitchen({ pendingRecords: 1 }), "1 records are not answered"],
  [
    "pay for garbled bytes",
    { boxes: [kitchen, { ...cellar, verified: 700, creditedBytes: 700 }] },
    "cellar: credited 700 bytes, of which only 0 were not garbled",
  ],
  ["no play", { qualifiedPlays: 0 }, "no play counted"],
  ["a play that was not paid in full", { pricePerPlay: tokens(6000n) }, "the creators got 5000"],
  [
    "another split",
    {
      creators: [
        { name: "composer", share: 7000, tokens: tokens(3000n) },
        { name: "label", share: 3000, tokens: tokens(2000n) },
      ],
    },
    "composer got 3000 of 5000 micro-tokens, not 70 %",
  ],
  [
    "a ledger that makes tokens",
    { ledger: new Map([...good.ledger, ["payer", tokens(-1n)]]) },
    "not to zero",
  ],
  [
    "wallets beside the ledger",
    { ledger: new Map([...good.ledger, ["household", tokens(999n)]]) },
    "the ledger says 999",
  ],
  [
    "creators beside the ledger",
    { ledger: new Map([...good.ledger, ["creator", tokens(4999n)]]) },
    "the creators hold 5000 micro-tokens, the ledger says 4999",
  ],
];

for (const [what, change, sentence] of wrong) {
  test(`found: ${what}`, () => {
    expect(disagreements({ ...good, ...change }).join("\n")).toContain(sentence);
  });
}

test("the largest remainder of a split is no disagreement", () => {
  const creators = [
    { name: "one", share: 3333, tokens: tokens(1667n) },
    { name: "two", share: 6667, tokens: tokens(3333n) },
  ];
  expect(disagreements({ ...good, creators })).toEqual([]);
});

test("the summary names every box, creator and account", () => {
  const text = summaryLines(good).join("\n");
  for (const word of ["kitchen", "cellar", "composer", "label", "payer", "one play counts"])
    expect(text).toContain(word);
});
