/** The limits as an HTML form sends them: megabits, gigabytes, empty for none. Pure. */
import * as v from "valibot";
import { type Limits, limitsSchema } from "./choices.ts";
import { parseMinute } from "./local-time.ts";

export type FormFields = Readonly<Record<string, unknown>>;

export const numberFields = ["maxRate", "share", "dailyCap", "monthlyCap"] as const;
export type NumberField = (typeof numberFields)[number];
export type LimitField = NumberField | "quietHours";

/** What was typed, to show it again beside what is wrong with it. */
export interface Typed {
  readonly numbers: Readonly<Record<NumberField, string>>;
  readonly allowMetered: boolean;
  readonly quietHours: readonly { readonly from: string; readonly to: string }[];
}

export type LimitsForm =
  | { readonly ok: true; readonly limits: Limits }
  | { readonly ok: false; readonly typed: Typed & { readonly wrong: LimitField } };

/** The power of ten between the unit that people read and the one that is stored. */
const PLACES: Readonly<Record<NumberField, number>> = {
  maxRate: 6,
  share: 0,
  dailyCap: 9,
  monthlyCap: 9,
};

/** What is stored, in the unit that people read, to its last byte: saving it again changes nothing. */
export function limitText(name: NumberField, value: number): string {
  const [whole = "", fraction = ""] = (value / 10 ** PLACES[name]).toFixed(PLACES[name]).split(".");
  const digits = fraction.replace(/0+$/, "");
  return digits === "" ? whole : `${whole}.${digits}`;
}

/**
 * Whether it is the page's form at all: an empty field is no limit, but one that is not there was cut off, or
 * something else was sent, and would lift a limit that nobody meant to lift.
 */
export const isLimitsForm = (fields: FormFields): boolean =>
  [...numberFields, "quietFrom", "quietTo"].every((name) => Object.hasOwn(fields, name));

/** Nothing is to be changed unless all of it is acceptable. */
export function parseLimitsForm(fields: FormFields): LimitsForm {
  const typed = typedIn(fields);
  const numbers = numberFields.map((name) => [name, parseNumber(typed.numbers[name])] as const);
  const given = numbers.flatMap(([name, value]) =>
    value === undefined ? [] : [[name, Math.round(value * 10 ** PLACES[name])]],
  );
  const fractional = numbers.find(
    ([name, value]) => name === "share" && value !== undefined && !Number.isInteger(value),
  );
  const parsed = v.safeParse(limitsSchema, {
    share: 100,
    ...Object.fromEntries(given),
    allowMetered: typed.allowMetered,
    quietHours: typed.quietHours.map(({ from, to }) => ({
      from: parseMinute(from),
      to: parseMinute(to),
    })),
  });
  if (parsed.success && !fractional) return { ok: true, limits: parsed.output };
  const wrong = fractional?.[0] ?? fieldOf(parsed.issues?.[0]?.path?.[0]?.key);
  return { ok: false, typed: { ...typed, wrong } };
}

function typedIn(fields: FormFields): Typed {
  const text = (name: string) => first(fields[name]).trim();
  const [from, to] = [list(fields.quietFrom), list(fields.quietTo)];
  const removed = first(fields.remove);
  return {
    numbers: {
      maxRate: text("maxRate"),
      share: text("share"),
      dailyCap: text("dailyCap"),
      monthlyCap: text("monthlyCap"),
    },
    allowMetered: first(fields.allowMetered) === "on",
    quietHours: from
      .map((start, index) => ({ from: start, to: to[index] ?? "" }))
      .filter((stretch, index) => String(index) !== removed && (stretch.from || stretch.to)),
  };
}

/** Fields of one name come alone or as a list. */
const list = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? value : value === undefined ? [] : [value]).map(String);
const first = (value: unknown): string => list(value)[0] ?? "";

/** A comma is a point to most of Europe. undefined for an empty field, NaN for what is no number. */
function parseNumber(text: string): number | undefined {
  const point = text.replace(",", ".");
  if (point === "") return undefined;
  return /^\d{1,9}(\.\d{1,9})?$/.test(point) ? Number(point) : Number.NaN;
}

const fieldOf = (key: unknown): LimitField =>
  numberFields.find((name) => name === key) ?? "quietHours";
