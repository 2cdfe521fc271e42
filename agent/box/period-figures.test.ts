import { expect, test } from "bun:test";
import { milliseconds, seconds } from "../core/units.ts";
import { PeriodFigures } from "./period-figures.ts";

test("a record's figures are of its own period: idle on average, delay in the middle", () => {
  const figures = new PeriodFigures();
  for (let at = 0; at < 100; at++)
    figures.note(seconds(at), { busy: at < 50 ? 0.9 : 0.2, delay: milliseconds(at < 50 ? 40 : 1) });
  expect(figures.over(seconds(0))).toEqual({ cpuIdlePermille: 450, lineDelayMs: 1 });
  expect(figures.over(seconds(10))).toEqual({ cpuIdlePermille: 489, lineDelayMs: 1 });
  expect(figures.over(seconds(50))).toEqual({ cpuIdlePermille: 800, lineDelayMs: 1 });
  expect(figures.over(seconds(1))).toMatchObject({ lineDelayMs: 1 });
});

test("one second of much delay is not the period's", () => {
  const figures = new PeriodFigures();
  for (let at = 0; at < 9; at++)
    figures.note(seconds(at), { delay: milliseconds(at === 4 ? 900 : 2) });
  expect(figures.over(seconds(0))).toEqual({ lineDelayMs: 2 });
});

test("what was not measured is absent, never 0", () => {
  const figures = new PeriodFigures();
  expect(figures.over(seconds(0))).toEqual({});
  figures.note(seconds(5), {});
  expect(figures.over(seconds(0))).toEqual({});
  figures.note(seconds(6), { busy: 1 });
  expect(figures.over(seconds(0))).toEqual({ cpuIdlePermille: 0 });
  figures.note(seconds(30), {});
  expect(figures.over(seconds(7))).toEqual({});
});

test("seconds in which the loop stood still, and those of two hours ago, say nothing", () => {
  const figures = new PeriodFigures();
  figures.note(seconds(1), { busy: 0.5 });
  figures.note(seconds(7000), { busy: 0.1 });
  expect(figures.over(seconds(2))).toEqual({ cpuIdlePermille: 900 });
  expect(figures.over(seconds(0))).toEqual({ cpuIdlePermille: 700 });
  figures.note(seconds(7300), { busy: 0.3 });
  expect(figures.over(seconds(0))).toEqual({ cpuIdlePermille: 800 });
  figures.note(seconds(100_000), {});
  expect(figures.over(seconds(0))).toEqual({});
});

test("a delay beyond measure is cut to what a record can say", () => {
  const figures = new PeriodFigures();
  figures.note(seconds(1), { delay: milliseconds(1e9) });
  expect(figures.over(seconds(0))).toEqual({ lineDelayMs: 60_000 });
});
