/**
 * What the documentation shows in fences, by their language: `sh` is run by a test, all blocks of a page
 * in one shell; `console` is typed where a test cannot (it needs root, a fleet, a lab, or never ends), so
 * only that what it names exists is checked; `toml` has to be accepted; `cddl` is compared elsewhere;
 * `text`, or no word, is a drawing or what a program prints.
 */

export const languages = ["sh", "console", "toml", "cddl", "text"] as const;
export type FenceLanguage = (typeof languages)[number];

export interface Block {
  /** Of the fence in the page, from 1. */
  readonly line: number;
  readonly language: FenceLanguage;
  readonly text: string;
}

/** Every fenced block. Throws at a fence without an end, or of a language that nobody checks. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let open: { line: number; language: FenceLanguage; lines: string[] } | undefined;
  for (const [index, line] of page.split("\n").entries()) {
    const fence = /^ *```(.*)$/.exec(line)?.[1]?.trim();
    if (fence === undefined) open?.lines.push(line);
    else if (open) {
      blocks.push({ line: open.line, language: open.language, text: open.lines.join("\n") });
      open = undefined;
    } else open = { line: index + 1, language: languageOf(fence, index + 1), lines: [] };
  }
  if (open) throw new Error(`line ${open.line}: this block has no end`);
  return blocks;
}

function languageOf(fence: string, line: number): FenceLanguage {
  const known = languages.find((language) => language === (fence || "text"));
  if (known) return known;
  throw new Error(`line ${line}: "${fence}" is none of ${languages.join(", ")}`);
}

/** One script of all its `sh` blocks; what fails is preceded on stderr by where it stands. */
export const scriptOf = (file: string, blocks: readonly Block[]) =>
  blocks
    .filter(({ language }) => language === "sh")
    .map(({ line, text }) => `echo '# ${file}:${line}' >&2\n${text}\n`)
    .join("");

/** Targets of links and pictures that are files of this repository, without their fragments. */
export function localLinks(page: string): string[] {
  const targets = [...page.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? "");
  return targets
    .filter((target) => !/^(https?:|mailto:|#)/.test(target))
    .map((target) => target.replace(/#.*/, ""));
}
