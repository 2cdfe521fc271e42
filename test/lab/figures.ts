/** What a scenario measures, and the bar that each figure is held to. */
import type { Run } from "./run.ts";

export interface Figure {
  readonly name: string;
  readonly value: number | undefined;
  readonly unit: string;
  /** Met when the value is at most (or, for `atLeast`, at least) this. */
  readonly atMost?: number;
  readonly atLeast?: number;
}

export const percent = (part: number, whole: number) => (100 * part) / whole;

export const used = (value: number, run: Run, atLeast: number): Figure => ({
  name: "used",
  value: percent(value, run.home.line.up * 1000),
  unit: "%",
  atLeast,
});
export const ms = (name: string, value: number | undefined, atMost?: number): Figure => ({
  name,
  value,
  unit: "ms",
  ...(atMost !== undefined && { atMost }),
});
export const seconds = (name: string, value: number | undefined, atMost?: number): Figure => ({
  name,
  value,
  unit: "s",
  ...(atMost !== undefined && { atMost }),
});
export const share = (rate: number, alone: number, atLeast: number): Figure => ({
  name: "share",
  value: percent(rate, alone),
  unit: "%",
  atLeast,
});
