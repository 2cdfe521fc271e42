/**
 * The ledger's arithmetic: double entry in integers, every entry sums to zero. Nothing here reads
 * or writes; the store appends what these functions return.
 */
import type { AccountKind } from "../accounting/ledger-line.ts";
import { divide, type Party } from "../accounting/shares.ts";
import type { Bytes, MicroTokens } from "../core/units.ts";
import { householdTotal, type PriceList, platformFeeOn } from "./price-list.ts";

export type { AccountKind };

export interface Account {
  readonly kind: AccountKind;
  /** The wallet's key; for the payer and the platform the fleet's name. */
  readonly key: string;
}

export interface Posting {
  readonly account: Account;
  /** Positive: the account receives. */
  readonly amount: MicroTokens;
}

export interface DeliveryToPost {
  /** Bytes of the ticket that were paid for before. */
  readonly before: Bytes;
  /** Bytes of the ticket that are proven now; never less than `before`. */
  readonly proven: Bytes;
  readonly household: Account;
  readonly fleet: string;
  readonly prices: PriceList;
}

/** Moves what a delivery earned from the payer to the household and the platform; empty when it earned nothing. */
export function deliveryPostings(delivery: DeliveryToPost): readonly Posting[] {
  const { prices, fleet } = delivery;
  if (delivery.proven < delivery.before) throw new RangeError("a ticket's proven bytes never fall");
  const earned = (householdTotal(prices, delivery.proven) -
    householdTotal(prices, delivery.before)) as MicroTokens;
  if (earned === 0n) return [];
  const fee = (platformFeeOn(prices, householdTotal(prices, delivery.proven)) -
    platformFeeOn(prices, householdTotal(prices, delivery.before))) as MicroTokens;
  return balanced([
    { account: { kind: "payer", key: fleet }, amount: -(earned + fee) as MicroTokens },
    { account: delivery.household, amount: earned },
    { account: { kind: "platform", key: fleet }, amount: fee },
  ]);
}

/** Moves what one qualified play earned from the payer to the split's parties and the platform. */
export function playPostings(
  parties: readonly Party[],
  fleet: string,
  prices: PriceList,
): readonly Posting[] {
  const earned = prices.creatorsPerPlay;
  const fee = platformFeeOn(prices, earned);
  return balanced([
    { account: { kind: "payer", key: fleet }, amount: -(earned + fee) as MicroTokens },
    ...divide(earned, parties).map(({ key, amount }) => ({
      account: { kind: "creator" as const, key },
      amount,
    })),
    { account: { kind: "platform", key: fleet }, amount: fee },
  ]);
}

/** Refuses an entry that would make or destroy money; drops postings of nothing. */
export function balanced(postings: readonly Posting[]): readonly Posting[] {
  const sum = postings.reduce((total, posting) => total + posting.amount, 0n);
  if (sum !== 0n) throw new Error(`ledger entry does not balance: off by ${sum} microtokens`);
  return postings.filter((posting) => posting.amount !== 0n);
}
