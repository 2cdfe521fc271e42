import { type BitsPerSecond, bitsPerSecond } from "../core/units.ts";
import type { HomeRate } from "./home-traffic.ts";

/** What somebody at home has to receive before our own fetching steps aside. */
const NOTICEABLE = bitsPerSecond(1_000_000);
/** What is left to it then: enough to keep its connections, too little to be felt. */
const ASIDE = 8;

/**
 * What the box may fetch for its cache: the household's setting, an eighth of it while the family
 * downloads, nothing while not allowed. Even an unproven counter is enough to step aside.
 */
export function fetchRate(
  setting: BitsPerSecond,
  allowed: boolean,
  download: HomeRate,
): BitsPerSecond {
  if (!allowed) return bitsPerSecond(0);
  const busy = download.rate !== undefined && download.rate >= NOTICEABLE;
  return busy ? bitsPerSecond(setting / ASIDE) : setting;
}
