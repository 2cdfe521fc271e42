/** The household's choices under the ceilings of the device's maker, as the governor's policy takes them. Pure. */
import { type BitsPerSecond, bitsPerSecond } from "../core/units.ts";
import type { Choices } from "./choices.ts";

/** What the device's maker set; the page shows it, and only the maker changes it. */
export interface MakerLimits {
  /** 0 for none. */
  readonly maxRate: BitsPerSecond;
  readonly share: number;
  /** The line is paid for by volume. */
  readonly metered: boolean;
}

/** Of a ceiling of the maker's and one of the household's the lower one holds. */
export function householdPolicy(choices: Choices, maker: MakerLimits) {
  const { maxRate, share, ...rest } = choices.limits;
  const ceilings = [maker.maxRate, maxRate].filter((rate) => rate !== undefined && rate > 0);
  return {
    ...rest,
    consented: choices.consent?.given === true,
    paused: choices.pause.state === "paused",
    metered: maker.metered,
    share: Math.min(share, maker.share),
    ...(ceilings.length > 0 && { maxRate: bitsPerSecond(Math.min(...(ceilings as number[]))) }),
  };
}
