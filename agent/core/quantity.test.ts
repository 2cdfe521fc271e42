import { expect, test } from "bun:test";
import {
  formatBytes,
  formatRate,
  formatTokens,
  parseBytes,
  parseDuration,
  parseRate,
} from "./quantity.ts";
import { bitsPerSecond, bytes, milliseconds } from "./units.ts";

test("a quantity is a number and a unit, nothing else", () => {
  expect(parseRate("20 Mbit/s")).toBe(bitsPerSecond(20_000_000));
  expect(parseRate("1.5Mbit/s")).toBe(bitsPerSecond(1_500_000));
  expect(parseBytes("8 GiB")).toBe(bytes(8 * 2 ** 30));
  expect(parseDuration("15 min")).toBe(milliseconds(900_000));
  for (const rubbish of [
    "",
    "20",
    "20 mbit",
    "-1 Mbit/s",
    "1e9 bit/s",
    "20 Mbit/s x",
    "9 toString",
  ])
    expect(parseRate(rubbish)).toBeUndefined();
  expect(parseBytes("999999999999999 TB")).toBeUndefined();
});

test("quantities read with three significant digits", () => {
  expect(formatRate(18_240_000)).toBe("18.2 Mbit/s");
  expect(formatRate(0)).toBe("0 bit/s");
  expect(formatBytes(1_234_567)).toBe("1.23 MB");
  expect(formatBytes(999)).toBe("999 B");
  expect(formatRate(999_400)).toBe("999 kbit/s");
  expect(formatRate(999_600)).toBe("1.00 Mbit/s");
  expect(formatBytes(99_960)).toBe("100 kB");
  expect(formatBytes(9_996_000)).toBe("10.0 MB");
  expect(formatBytes(1e15)).toBe("1000 TB");
});

test("tokens are printed exactly", () => {
  expect(formatTokens(0n)).toBe("0.00");
  expect(formatTokens(1_500_000n)).toBe("1.50");
  expect(formatTokens(123n)).toBe("0.000123");
  expect(formatTokens(-2_000_001n)).toBe("-2.000001");
});
