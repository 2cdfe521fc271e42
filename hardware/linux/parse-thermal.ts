import { type Celsius, celsius } from "../../agent/core/units.ts";

/**
 * A temperature from sysfs, which is in thousandths of a degree; vendor kernels of some Allwinner
 * and Amlogic boards give whole degrees. Sensors that are off or broken say 0, -274000 or
 * 200000 and the like: unknown, not cool and not hot. So is what would be about freezing point: 455
 * is nobody's 0.455 °C, but may be tenths or something else again, and -11 is EAGAIN as a number.
 */
export function parseTemperature(raw: number | undefined): Celsius | undefined {
  if (raw === undefined) return undefined;
  const size = Math.abs(raw);
  const degrees = size <= HOTTEST ? raw : raw / 1000;
  const inThousandths = size >= 1000 * FREEZING;
  if (!inThousandths && (raw <= 0 || size > HOTTEST)) return undefined;
  return degrees > COLDEST && degrees < HOTTEST ? celsius(degrees) : undefined;
}

/** Beyond what a living room, or silicon that still computes, can be. */
const COLDEST = -30;
const HOTTEST = 150;
/** So near to 0 °C no running box is. */
const FREEZING = 2;
