import { expect, test } from "bun:test";
import { bytes, milliseconds } from "../agent/core/units.ts";
import { advance, nicAdvance } from "./counter.ts";
import type { NicReading } from "./nic.ts";

test("an ordinary step", () => {
  expect(advance(1000, 2500, 1000)).toBe(bytes(1500));
  expect(advance(2500, 2500, 1000)).toBe(bytes(0));
});

test("a wrap at 2^32 is a small step", () => {
  expect(advance(2 ** 32 - 500, 700, 1000)).toBe(bytes(1200));
});

test("a counter that started again is unknown, not a spike", () => {
  expect(advance(5_000_000, 100, 1000)).toBeUndefined();
  expect(advance(2 ** 40, 100, 1000)).toBeUndefined();
  expect(advance(3_000_000_000, 100, 60_000)).toBeUndefined();
});

test("a jump that no network carries is unknown", () => {
  expect(advance(0, 2 ** 31, 1000)).toBeUndefined();
});

test("another interface has other counters", () => {
  const reading = (name: string, at: number, count: number): NicReading => ({
    at: milliseconds(at),
    name,
    medium: "ethernet",
    sent: bytes(count),
    received: bytes(2 * count),
  });
  expect(nicAdvance(reading("eth0", 0, 100), reading("eth0", 1000, 300))).toEqual({
    sent: bytes(200),
    received: bytes(400),
  });
  expect(nicAdvance(reading("eth0", 0, 100), reading("end0", 1000, 300))).toBeUndefined();
});
