/** What verbs share: how an answer is read and shown, and a wrong flag refused. */
import * as v from "valibot";
import { exitCode, OperatorError } from "../core/errors.ts";
import type { CommandContext, CommonOptions } from "./context.ts";

/** The answer as JSON where that was asked for, else as lines for people. */
export function show(
  context: CommandContext,
  { json }: CommonOptions,
  answer: unknown,
  lines: () => readonly string[],
): void {
  if (json) context.print(JSON.stringify(answer));
  else for (const line of lines()) context.print(line);
}

const two = (value: number) => String(value).padStart(2, "0");

/** As the clocks here stand or stood then: "2026-11-21 19:19:49". */
export function localTime(at: number): string {
  const date = new Date(at * 1000);
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())];
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two);
  return `${day.join("-")} ${time.join(":")}`;
}

/** The fault of a flag whose value cannot be taken. */
export const wrong = (flag: string, value: string, accepted: string) =>
  new OperatorError(exitCode.usage, `${flag} is "${value.slice(0, 80)}", but must be ${accepted}`);

/** What the box answered, checked: a box of another version may tell other things. */
export function readAnswer<S extends v.GenericSchema>(
  schema: S,
  answer: unknown,
): v.InferOutput<S> {
  const parsed = v.safeParse(schema, answer);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const where = v.getDotPath(issue) ?? "answer";
  throw new OperatorError(
    exitCode.unavailable,
    `the box's answer is not understood (${where}: ${issue.message}): restart the box, which may still run an older version`,
  );
}
