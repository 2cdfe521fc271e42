import { exitCode, OperatorError } from "../core/errors.ts";
import type { PriceList } from "./price-list.ts";
import type { Store } from "./store/store.ts";

/**
 * Every list that tickets may still name: those of now and all there ever were, whatever has become
 * of the configuration. Throws an OperatorError for a list that changed under its id.
 */
export function keptPriceLists(
  store: Store,
  lists: readonly PriceList[],
): ReadonlyMap<number, PriceList> {
  return store.transaction(() => {
    for (const list of lists) store.published.keepPrices(list);
    const kept = new Map(store.published.priceLists().map((list) => [list.id, list]));
    const changed = lists.find((list) => !isSame(list, kept.get(list.id)));
    if (!changed) return kept;
    throw new OperatorError(
      exitCode.configuration,
      `Price list ${changed.id} is not what was published under that number: give the changed list a new number.`,
    );
  });
}

const isSame = (one: PriceList, other: PriceList | undefined) =>
  other !== undefined &&
  one.householdPerMebibyte === other.householdPerMebibyte &&
  one.creatorsPerPlay === other.creatorsPerPlay &&
  one.platformFee === other.platformFee;
