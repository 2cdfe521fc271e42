import { expect, test } from "bun:test";
import { bitsPerSecond, bytes, unixSeconds } from "../core/units.ts";
import { parseLimitsForm } from "./limits-form.ts";
import { formatMinute, formatTime, parseMinute } from "./local-time.ts";

test("megabits, gigabytes and times of day become limits", () => {
  const fields = {
    maxRate: "7,5",
    dailyCap: "2",
    monthlyCap: "",
    share: "80",
    allowMetered: "on",
    quietFrom: "22:00",
    quietTo: "06:30",
  };
  expect(parseLimitsForm(fields)).toEqual({
    maxRate: bitsPerSecond(7.5e6),
    dailyCap: bytes(2e9),
    share: 80,
    allowMetered: true,
    quietHours: [{ from: 1320, to: 390 }],
  });
});

test("an empty form is no limit at all, and a metered line is not used", () => {
  expect(parseLimitsForm({})).toEqual({ share: 100, allowMetered: false, quietHours: [] });
});

test.each([
  { maxRate: "fast" },
  { maxRate: "-1" },
  { maxRate: "0" },
  { share: "0" },
  { share: "101" },
  { share: "50.5" },
  { quietFrom: "25:00", quietTo: "06:00" },
  { quietFrom: "22:00" },
  { dailyCap: "1e9" },
])("%j is not accepted", (fields) => {
  expect(parseLimitsForm(fields)).toBeUndefined();
});

test("minutes of the day survive the way through a form", () => {
  for (let minute = 0; minute < 1440; minute++)
    expect(parseMinute(formatMinute(minute))).toBe(minute);
});

test("times are shown as the household's clocks do", () => {
  expect(formatTime(unixSeconds(1_767_225_600), 60, "en")).toContain("1:00");
  expect(formatTime(unixSeconds(1_767_225_600), -60, "de")).toBe("31.12.2025, 23:00");
});
