/** The commands in the documentation that a test runs, and the links that have to lead somewhere. */

export interface Block {
  /** Of the fence in the page, from 1. */
  readonly line: number;
  readonly commands: string;
}

/** Fenced `sh` blocks right below a line `<!-- test -->`. Throws where the mark stands before anything else. */
export function testedBlocks(page: string): Block[] {
  const lines = page.split("\n");
  const blocks: Block[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.trim() !== "<!-- test -->") continue;
    const end = lines.indexOf("```", index + 2);
    if (lines[index + 1] !== "```sh" || end < 0) {
      throw new Error(
        `line ${index + 1}: "<!-- test -->" has to stand right above a \`\`\`sh block`,
      );
    }
    blocks.push({ line: index + 2, commands: lines.slice(index + 2, end).join("\n") });
  }
  return blocks;
}

/** Targets of links and pictures that are files of this repository, without their fragments. */
export function localLinks(page: string): string[] {
  const targets = [...page.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? "");
  return targets
    .filter((target) => !/^(https?:|mailto:|#)/.test(target))
    .map((target) => target.replace(/#.*/, ""));
}
