/** What a run of tests amounts to, and how `bun test`'s JUnit file tells it. */

export interface Case {
  readonly file: string;
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
}

/** The cases of a JUnit file as Bun 1.4 writes it; a `describe` is part of the name. */
export function parseJunit(xml: string): Case[] {
  const element = /<testcase ([^>]*?)(\/>|>([\s\S]*?)<\/testcase>)/g;
  return [...xml.matchAll(element)].map((match) => {
    const attributes = match[1] ?? "";
    const body = match[3] ?? "";
    const group = attribute(attributes, "classname");
    const name = attribute(attributes, "name");
    return {
      file: attribute(attributes, "file"),
      name: group === "" ? name : `${group} > ${name}`,
      outcome: /<(failure|error)\b/.test(body)
        ? "failed"
        : body.includes("<skipped")
          ? "skipped"
          : "passed",
    };
  });
}

function attribute(attributes: string, name: string): string {
  const value = new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes)?.[1] ?? "";
  return value.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(lt|gt|amp|quot|apos));/gi, decodeEntity);
}

const entities: Readonly<Record<string, string>> = {
  lt: "<",
  gt: ">",
  amp: "&",
  quot: '"',
  apos: "'",
};

const decodeEntity = (whole: string, decimal?: string, hex?: string, name?: string) =>
  decimal !== undefined
    ? String.fromCodePoint(Number(decimal))
    : hex !== undefined
      ? String.fromCodePoint(Number.parseInt(hex, 16))
      : (entities[name ?? ""] ?? whole);

export interface ProcessResult {
  readonly files: readonly string[];
  /** undefined when the process ended before it wrote its report. */
  readonly junit: string | undefined;
  /** The process's exit code; a signal counts as 128 + its number, as in a shell. */
  readonly exitCode: number;
}

/**
 * The cases of one `bun test` process. What the report leaves out still counts as a failure: a
 * file that did not load, a process that died, an error after the last test.
 */
export function casesOf(result: ProcessResult): Case[] {
  const cases = parseJunit(result.junit ?? "");
  const seen = new Set(cases.map((each) => each.file));
  const silent = result.files.filter((file) => !seen.has(file));
  for (const file of silent) {
    const name = result.junit === undefined ? `ended with ${result.exitCode}` : "ran no test";
    cases.push({ file, name, outcome: "failed" });
  }
  if (result.exitCode !== 0 && !cases.some((each) => each.outcome === "failed")) {
    cases.push({
      file: result.files.join(" "),
      name: `all tests passed but the process ended with ${result.exitCode}`,
      outcome: "failed",
    });
  }
  return cases;
}

/** Why tests were skipped, from the last parentheses of their names, with how many each cost. */
export function skipReasons(cases: readonly Case[]): Map<string, number> {
  const reasons = new Map<string, number>();
  for (const each of cases) {
    if (each.outcome !== "skipped") continue;
    const reason = /\(([^()]*)\)[^()]*$/.exec(each.name)?.[1] ?? "no reason given";
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  return reasons;
}

/** The line that continuous integration reads: `N passed, N failed`, and skipped where there are. */
export function summary(cases: readonly Case[]): string {
  const count = (outcome: Case["outcome"]) => cases.filter((c) => c.outcome === outcome).length;
  const skipped = count("skipped");
  return `${count("passed")} passed, ${count("failed")} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
