/** Writes what is generated: test/protocol/vectors.json and the marked sections of docs/protocol.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { cddl, messageTable, refusalTable } from "../../agent/accounting/specification.ts";
import { makeVectors } from "./vectors.ts";

export const SPECIFICATION = new URL("../../docs/protocol.md", import.meta.url).pathname;
export const VECTORS = new URL("./vectors.json", import.meta.url).pathname;

export const vectorsText = () => `${JSON.stringify(makeVectors(), null, 1)}\n`;

const sections: Readonly<Record<string, () => string>> = {
  messages: messageTable,
  cddl: () => `\`\`\`cddl\n${cddl()}\n\`\`\``,
  refusals: refusalTable,
};

/** The specification with each section between `<!-- generated: name -->` and `<!-- end -->` made anew. */
export function withSections(specification: string): string {
  return Object.entries(sections).reduce((text, [name, make]) => {
    const opening = `<!-- generated: ${name} -->`;
    const start = text.indexOf(opening);
    const end = text.indexOf("<!-- end -->", start);
    if (start < 0 || end < 0) throw new Error(`docs/protocol.md lacks the section ${name}`);
    return `${text.slice(0, start + opening.length)}\n\n${make()}\n\n${text.slice(end)}`;
  }, specification);
}

if (import.meta.main) {
  writeFileSync(VECTORS, vectorsText());
  writeFileSync(SPECIFICATION, withSections(readFileSync(SPECIFICATION, "utf8")));
}
