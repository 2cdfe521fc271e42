import type { BasisPoints, Bytes, MicroTokens } from "../core/units.ts";

/**
 * What deliveries and plays cost, published under `/v1/info`. A list never changes once tickets
 * name it; a new one gets a new id.
 */
export interface PriceList {
  readonly id: number;
  /** What a household earns for each MiB a viewer verified. */
  readonly householdPerMebibyte: MicroTokens;
  /** What a title's creators share for each qualified play. */
  readonly creatorsPerPlay: MicroTokens;
  /** What the platform adds on top of either, to the payer's charge. */
  readonly platformFee: BasisPoints;
}

export const defaultPriceList: PriceList = {
  id: 1,
  householdPerMebibyte: 1_000n as MicroTokens,
  creatorsPerPlay: 5_000n as MicroTokens,
  platformFee: 1_000 as BasisPoints,
};

const MEBIBYTE = 1_048_576n;

/**
 * What a ticket has earned its household after so many verified bytes. Records are paid by the
 * difference of two totals, so that rounding never adds up over a ticket's many records.
 */
export const householdTotal = (list: PriceList, verified: Bytes) =>
  ((BigInt(verified) * list.householdPerMebibyte) / MEBIBYTE) as MicroTokens;

/** The platform's fee on an amount, rounded down. */
export const platformFeeOn = (list: PriceList, amount: MicroTokens) =>
  ((amount * BigInt(list.platformFee)) / 10_000n) as MicroTokens;
