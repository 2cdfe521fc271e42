import type { Hash } from "../core/encoding.ts";
import type { UnixSeconds } from "../core/units.ts";
import type { Store } from "./store/store.ts";

/** A title's demand is requests an hour, averaged with a memory of six hours. */
const MEMORY_H = 6;

/** What a demand noted then is worth now; one request adds 1 / MEMORY_H to it. */
export const decayed = (weight: number, at: UnixSeconds, now: UnixSeconds) =>
  weight * Math.exp(-Math.max(0, now - at) / (MEMORY_H * 3600));

export function addDemand(store: Store, title: Hash, now: UnixSeconds): void {
  const before = store.titles.demandOf(title);
  const weight = before ? decayed(before.weight, before.at, now) : 0;
  store.titles.noteDemand(title, weight + 1 / MEMORY_H, now);
}
