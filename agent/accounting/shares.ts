import type { MicroTokens } from "../core/units.ts";
import type { Split } from "./messages.ts";

export type Party = Split["parties"][number];

/**
 * Divides an amount by basis points with the largest remainder method: the parts sum to the amount
 * exactly, and ties go to the party named first.
 */
export function divide(
  amount: MicroTokens,
  parties: readonly Party[],
): readonly { readonly key: Party["key"]; readonly amount: MicroTokens }[] {
  const parts = parties.map((party, index) => {
    const exact = amount * BigInt(party.share);
    return { key: party.key, index, floor: exact / 10_000n, remainder: exact % 10_000n };
  });
  const left = Number(amount - parts.reduce((sum, part) => sum + part.floor, 0n));
  const byRemainder = parts.toSorted(
    (a, b) => Number(b.remainder - a.remainder) || a.index - b.index,
  );
  const raised = new Set(byRemainder.slice(0, left).map((part) => part.index));
  return parts.map(({ key, index, floor }) => ({
    key,
    amount: (floor + (raised.has(index) ? 1n : 0n)) as MicroTokens,
  }));
}
