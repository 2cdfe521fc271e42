/** The limits as an HTML form sends them: megabits, gigabytes, empty for none. Pure. */
import * as v from "valibot";
import { type Limits, limitsSchema } from "./choices.ts";
import { parseMinute } from "./local-time.ts";

export type FormFields = Readonly<Record<string, unknown>>;

/** A comma is a point to most of Europe. undefined for an empty field, NaN for what is no number. */
function number(fields: FormFields, name: string): number | undefined {
  const text = String(fields[name] ?? "")
    .trim()
    .replace(",", ".");
  return text === "" ? undefined : /^\d{1,9}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
}

function scaled(fields: FormFields, name: string, factor: number) {
  const value = number(fields, name);
  return value === undefined ? {} : { [name]: Math.round(value * factor) };
}

/** undefined when a field is not acceptable; nothing is changed then. */
export function parseLimitsForm(fields: FormFields): Limits | undefined {
  const [from, to] = [String(fields.quietFrom ?? ""), String(fields.quietTo ?? "")];
  const quietHours =
    from === "" && to === "" ? [] : [{ from: parseMinute(from), to: parseMinute(to) }];
  const parsed = v.safeParse(limitsSchema, {
    ...scaled(fields, "maxRate", 1e6),
    ...scaled(fields, "dailyCap", 1e9),
    ...scaled(fields, "monthlyCap", 1e9),
    share: number(fields, "share") ?? 100,
    allowMetered: fields.allowMetered === "on",
    quietHours,
  });
  return parsed.success ? parsed.output : undefined;
}
