import { expect, test } from "bun:test";
import type { Hash } from "../core/encoding.ts";
import { microTokens, unixSeconds } from "../core/units.ts";
import { decodeLine, encodeLine, type LedgerLine } from "./ledger-line.ts";

const line: LedgerLine = {
  line: 7,
  entry: 6,
  account: { kind: "payer", key: "home" },
  amount: microTokens(-1_100n),
  source: "a".repeat(64) as Hash,
  at: unixSeconds(1_767_225_600),
};

test("a line that pays and one that receives survive their encoding", () => {
  for (const amount of [-1_100n, 0n, 1_100n, 2n ** 64n - 1n].map(microTokens)) {
    expect(decodeLine(encodeLine({ ...line, amount }))).toEqual({
      ok: true,
      line: { ...line, amount },
    });
  }
});

test("there is one encoding of nothing: minus zero is refused", () => {
  const bytes = encodeLine({ ...line, amount: microTokens(0n) });
  const direction = bytes.indexOf(5, bytes.indexOf(0x65)) + 1;
  bytes[direction] = 1;
  expect(decodeLine(bytes)).toMatchObject({ ok: false, code: "inconsistent" });
});
