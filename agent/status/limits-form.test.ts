import { expect, test } from "bun:test";
import { bitsPerSecond, bytes, unixSeconds } from "../core/units.ts";
import { limitText, parseLimitsForm } from "./limits-form.ts";
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
    ok: true,
    limits: {
      maxRate: bitsPerSecond(7.5e6),
      dailyCap: bytes(2e9),
      share: 80,
      allowMetered: true,
      quietHours: [{ from: 1320, to: 390 }],
    },
  });
});

test("an empty form is no limit at all, and a metered line is not used", () => {
  const limits = { share: 100, allowMetered: false, quietHours: [] };
  expect(parseLimitsForm({})).toEqual({ ok: true, limits });
});

test.each([
  ["maxRate", { maxRate: "fast" }],
  ["maxRate", { maxRate: "-1" }],
  ["maxRate", { maxRate: "0" }],
  ["maxRate", { maxRate: "999999999" }],
  ["share", { share: "0" }],
  ["share", { share: "101" }],
  ["share", { share: "50.5" }],
  ["dailyCap", { dailyCap: "1e9" }],
  ["monthlyCap", { monthlyCap: "1.2.3" }],
  ["quietHours", { quietFrom: "25:00", quietTo: "06:00" }],
  ["quietHours", { quietFrom: "22:00" }],
  ["quietHours", { quietFrom: ["22:00", "12:00"], quietTo: ["06:00", ""] }],
  ["quietHours", { quietFrom: Array(9).fill("22:00"), quietTo: Array(9).fill("06:00") }],
] as const)("the field %s is named for %j, with what was typed", (wrong, fields) => {
  const form = parseLimitsForm(fields);
  expect(form).toMatchObject({ ok: false, typed: { wrong } });
  if (!form.ok && "maxRate" in fields) expect(form.typed.numbers.maxRate).toBe(fields.maxRate);
});

test.each([
  ["dailyCap", 5 * 2 ** 30, "5.36870912"],
  ["dailyCap", 1, "0.000000001"],
  ["monthlyCap", 1e15, "1000000"],
  ["monthlyCap", 999_999_999_999_999, "999999.999999999"],
  ["maxRate", 1, "0.000001"],
  ["maxRate", 7_500_001, "7.500001"],
] as const)("a %s of %d is shown as what saves it again", (name, value, text) => {
  expect(limitText(name, value)).toBe(text);
  expect(parseLimitsForm({ [name]: text })).toMatchObject({ ok: true, limits: { [name]: value } });
});

test("a stretch is removed by its place, an empty one is none", () => {
  const fields = { quietFrom: ["22:00", "12:00", ""], quietTo: ["06:00", "13:00", ""] };
  const quiet = (more: object) => {
    const form = parseLimitsForm({ ...fields, ...more });
    return form.ok && form.limits.quietHours;
  };
  expect(quiet({})).toHaveLength(2);
  expect(quiet({ remove: "0" })).toEqual([{ from: 720, to: 780 }]);
  expect(quiet({ remove: "9" })).toHaveLength(2);
});

test("minutes of the day survive the way through a form", () => {
  for (let minute = 0; minute < 1440; minute++)
    expect(parseMinute(formatMinute(minute))).toBe(minute);
});

test("times are shown as the household's clocks do", () => {
  expect(formatTime(unixSeconds(1_767_225_600), 60, "en")).toContain("1:00");
  expect(formatTime(unixSeconds(1_767_225_600), -60, "de")).toBe("31.12.2025, 23:00");
});
