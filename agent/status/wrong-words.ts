/** What is wrong with a field that was sent, in words that follow its name. Pure. */
import type * as v from "valibot";

const KINDS: Readonly<Record<string, string>> = {
  boolean: "true or false",
  Object: "a JSON object",
  Array: "a list",
  number: "a number",
  string: "a text",
};

/** Checks of ours come with words of their own, which stay. */
export function wordsOf(issue: v.BaseIssue<unknown> | undefined): string {
  if (!issue) return "is not accepted";
  const { message, expected, received, path, type } = issue;
  if (!message.startsWith("Invalid ")) return message;
  if (expected === "never") return "is not known here";
  if (path && received === "undefined") return "is missing";
  const kind = KINDS[expected ?? ""];
  if (kind) return `must be ${kind}`;
  if (type === "min_value") return `must be at least ${expected?.slice(2)}`;
  if (type === "max_value") return `must be at most ${expected?.slice(2)}`;
  return "is not accepted";
}
