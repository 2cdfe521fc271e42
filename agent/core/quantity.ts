/** Quantities as people write and read them: "20 Mbit/s", "8 GiB", "15 min". */
import {
  type BitsPerSecond,
  type Bytes,
  bitsPerSecond,
  bytes,
  type MicroTokens,
  type Milliseconds,
  milliseconds,
} from "./units.ts";

const rateUnits: Readonly<Record<string, number>> = {
  "bit/s": 1,
  "kbit/s": 1e3,
  "Mbit/s": 1e6,
  "Gbit/s": 1e9,
};
const byteUnits: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};
const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** undefined for anything but a plain decimal and one of the units, or beyond 2^53. */
function parseWithUnit(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,6})?) ?([A-Za-z/]+)$/.exec(text.trim());
  const factor = match?.[2] && Object.hasOwn(units, match[2]) ? units[match[2]] : undefined;
  if (!match?.[1] || factor === undefined) return undefined;
  const value = Math.round(Number(match[1]) * factor);
  return Number.isSafeInteger(value) ? value : undefined;
}

export function parseRate(text: string): BitsPerSecond | undefined {
  const value = parseWithUnit(text, rateUnits);
  return value === undefined ? undefined : bitsPerSecond(value);
}

export function parseBytes(text: string): Bytes | undefined {
  const value = parseWithUnit(text, byteUnits);
  return value === undefined ? undefined : bytes(value);
}

export function parseDuration(text: string): Milliseconds | undefined {
  const value = parseWithUnit(text, durationUnits);
  return value === undefined ? undefined : milliseconds(value);
}

export const acceptedRate = `a rate such as "20 Mbit/s" (${Object.keys(rateUnits).join(", ")})`;
export const acceptedBytes = `a size such as "8 GiB" (${Object.keys(byteUnits).join(", ")})`;
export const acceptedDuration = `a duration such as "15 min" (${Object.keys(durationUnits).join(", ")})`;

/** Three significant digits with the largest of the units that keeps the number, rounded, at 1 or more. */
function format(value: number, steps: readonly (readonly [number, string])[]): string {
  const reaches = (step: number) => Number((value / step).toPrecision(3)) >= 1;
  const [factor, unit] = steps.find(([step]) => reaches(step)) ?? steps.at(-1) ?? [1, ""];
  const scaled = value / factor;
  return `${factor === 1 || scaled >= 100 ? scaled.toFixed(0) : scaled.toPrecision(3)} ${unit}`;
}

export const formatRate = (rate: number) =>
  format(rate, [
    [1e9, "Gbit/s"],
    [1e6, "Mbit/s"],
    [1e3, "kbit/s"],
    [1, "bit/s"],
  ]);

export const formatBytes = (amount: number) =>
  format(amount, [
    [1e12, "TB"],
    [1e9, "GB"],
    [1e6, "MB"],
    [1e3, "kB"],
    [1, "B"],
  ]);

/** Exact: all digits that are not trailing zeros, at least two after the point. */
export function formatTokens(amount: MicroTokens | bigint): string {
  const sign = amount < 0n ? "-" : "";
  const absolute = amount < 0n ? -amount : amount;
  const fraction = (absolute % 1_000_000n)
    .toString()
    .padStart(6, "0")
    .replace(/0{1,4}$/, "");
  return `${sign}${absolute / 1_000_000n}.${fraction}`;
}
