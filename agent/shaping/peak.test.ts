import { expect, test } from "bun:test";
import { megabitsPerSecond, seconds } from "../core/units.ts";
import { Peak } from "./peak.ts";

const hour = 3600;

test("the highest rate stays for half a day at least, and a day at most", () => {
  const peak = new Peak();
  expect(peak.note(megabitsPerSecond(20), seconds(0))).toBe(megabitsPerSecond(20));
  expect(peak.note(megabitsPerSecond(5), seconds(11 * hour))).toBe(megabitsPerSecond(20));
  expect(peak.note(megabitsPerSecond(5), seconds(13 * hour))).toBe(megabitsPerSecond(20));
  expect(peak.note(megabitsPerSecond(5), seconds(26 * hour))).toBe(megabitsPerSecond(5));
});
