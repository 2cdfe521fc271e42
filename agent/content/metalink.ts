/** Metalink documents (RFC 5854) of open titles: any download tool that reads them fetches from boxes. */
import type { Sealed } from "../accounting/messages.ts";
import type { Hash } from "../core/encoding.ts";

/**
 * Names every file, the boxes that have it and the hash of each piece, so that a tool can check
 * what it gets from whom. `boxes` are base URLs, most preferred first.
 */
export function metalink(title: Sealed<"manifest">, boxes: readonly string[]): string {
  const { files, chunkSize, name, createdAt } = title.body;
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<metalink xmlns="urn:ietf:params:xml:ns:metalink">',
    "  <generator>spareband</generator>",
    `  <published>${new Date(createdAt * 1000).toISOString()}</published>`,
  ];
  for (const file of files) {
    lines.push(
      `  <file name="${escapeXml(file.path)}">`,
      `    <size>${file.size}</size>`,
      `    <description>${escapeXml(name)}</description>`,
      ...piecesOf(file.chunks, chunkSize),
      ...boxes.map((box, at) => {
        const path = file.path.split("/").map(encodeURIComponent).join("/");
        const url = `${box.replace(/\/+$/, "")}/v1/titles/${title.hash}/files/${path}`;
        return `    <url priority="${at + 1}">${escapeXml(url)}</url>`;
      }),
      "  </file>",
    );
  }
  return `${[...lines, "</metalink>"].join("\n")}\n`;
}

/** A file of one piece has that piece's hash; RFC 5854 §4.2.6 wants pieces for larger ones. */
function piecesOf(chunks: readonly Hash[], chunkSize: number): readonly string[] {
  const [only] = chunks;
  if (only === undefined) return [];
  if (chunks.length === 1) return [`    <hash type="sha-256">${only}</hash>`];
  return [
    `    <pieces length="${chunkSize}" type="sha-256">`,
    ...chunks.map((hash) => `      <hash>${hash}</hash>`),
    "    </pieces>",
  ];
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

const escapeXml = (text: string) => text.replace(/[&<>"']/g, (mark) => ENTITIES[mark] ?? "");
