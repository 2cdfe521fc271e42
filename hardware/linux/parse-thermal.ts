import { type Celsius, celsius } from "../../agent/core/units.ts";

/**
 * A temperature from sysfs, which is in thousandths of a degree; vendor kernels of some Allwinner
 * and Amlogic boards give whole degrees. Sensors that are off or broken say 0, -274000 or
 * 200000 and the like: unknown, not cool and not hot.
 */
export function parseTemperature(raw: number | undefined): Celsius | undefined {
  if (raw === undefined) return undefined;
  const degrees = Math.abs(raw) <= HOTTEST ? raw : raw / 1000;
  return raw !== 0 && degrees > COLDEST && degrees < HOTTEST ? celsius(degrees) : undefined;
}

/** Beyond what a living room, or silicon that still computes, can be. */
const COLDEST = -30;
const HOTTEST = 150;
