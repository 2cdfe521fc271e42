/** What the doctor found out about one thing, and how it is shown. */

export interface Finding {
  /** What was looked at, in two or three words. */
  readonly name: string;
  /** `attention`: works, with less than it could; `bad`: keeps Spareband from doing its job. */
  readonly outcome: "good" | "attention" | "bad";
  /** What is, in a sentence without a full stop. */
  readonly detail: string;
}

export const good = (name: string, detail: string): Finding => ({ name, outcome: "good", detail });
export const attention = (name: string, detail: string): Finding => ({
  name,
  outcome: "attention",
  detail,
});
export const bad = (name: string, detail: string): Finding => ({ name, outcome: "bad", detail });

const marks = { good: "ok", attention: "!", bad: "BAD" } as const;

/** One line a finding, aligned for a terminal. */
export function formatFindings(findings: readonly Finding[]): string[] {
  const width = Math.max(...findings.map((finding) => finding.name.length));
  return findings.map(
    ({ name, outcome, detail }) => `${marks[outcome].padEnd(4)} ${name.padEnd(width)}  ${detail}`,
  );
}
