import { describe, expect, test } from "bun:test";
import type { PublicKey } from "../core/encoding.ts";
import { sha256 } from "../core/encoding.ts";
import { seconds } from "../core/units.ts";
import { backoff, type Failure, failureOfReason, firstDelay } from "./backoff.ts";

const minute = 60_000;

describe("backoff", () => {
  const bounds: readonly [Failure, number, number, number][] = [
    ["unreachable", 0, 0, 1000],
    ["unreachable", 5, 0, 32_000],
    ["lost", 40, 0, 10 * minute],
    ["taken-over", 0, 15_000, 30_000],
    ["taken-over", 9, 5 * minute, 10 * minute],
    ["busy", 0, 5 * minute, 10 * minute],
    ["busy", 50, 5 * minute, 15 * minute],
    ["refused", 0, 15 * minute, 15 * 1.25 * minute],
    ["refused", 3, 120 * minute, 150 * minute],
    ["refused", 100_000, 360 * minute, 360 * minute],
  ];
  for (const [failure, count, least, most] of bounds) {
    test(`${failure} after ${count} failures waits ${least} to ${most} ms`, () => {
      expect(backoff(failure, count, 0)).toBe(least as never);
      expect(backoff(failure, count, 1)).toBeCloseTo(most, 6);
    });
  }
});

test("the first connections of 100 000 boxes spread evenly over the minute, each box at its place", () => {
  const slots = new Array<number>(60).fill(0);
  for (let n = 0; n < 100_000; n++) {
    const delay = firstDelay(sha256(Buffer.from(`${n}`)) as string as PublicKey, seconds(60));
    slots[Math.floor(delay / 1000)] = (slots[Math.floor(delay / 1000)] ?? 0) + 1;
  }
  expect(Math.min(...slots)).toBeGreaterThan(1500);
  expect(Math.max(...slots)).toBeLessThan(1850);
});

test("reason codes of MQTT 5 say whether to hurry, to be patient or to be seldom", () => {
  expect([0x8e, 0x89, 0x87, 0x86, 0x8b, 0x00].map(failureOfReason)).toEqual([
    "taken-over",
    "busy",
    "refused",
    "refused",
    "lost",
    "lost",
  ]);
});
