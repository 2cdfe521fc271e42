/** What the household's verbs share: how an answer is shown, and how a wrong flag is refused. */
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

/** The fault of a flag whose value cannot be taken. */
export const wrong = (flag: string, value: string, accepted: string) =>
  new OperatorError(exitCode.usage, `${flag} is "${value.slice(0, 80)}", but must be ${accepted}`);
