import { createHash } from "node:crypto";
import type { Hash } from "../core/encoding.ts";
import {
  type ConsistencyProof,
  type ExportHeader,
  encodeItem,
  encodeStructure,
  exportSchemas,
  type InclusionProof,
  type ItemKind,
  type PublishedPrices,
  readableItem,
} from "./export-format.ts";
import { encodeLine, type LedgerLine } from "./ledger-line.ts";

/** Something to export; messages are the signed bytes as they were received. */
export type ExportEntry =
  | { readonly kind: "message"; readonly bytes: Uint8Array }
  | { readonly kind: "line"; readonly line: LedgerLine }
  | { readonly kind: "inclusion"; readonly proof: InclusionProof }
  | { readonly kind: "consistency"; readonly proof: ConsistencyProof }
  | { readonly kind: "prices"; readonly prices: PublishedPrices };

/** One item for each of the two files; `json` ends its line. */
export interface WrittenItem {
  readonly cbor: Uint8Array;
  readonly json: string;
}

/**
 * Writes an export item by item, so that years of records need no memory. Records should come in
 * chain order; otherwise the order is free.
 */
export function* writeExport(
  header: Omit<ExportHeader, "version">,
  entries: Iterable<ExportEntry>,
): Generator<WrittenItem> {
  const digest = createHash("sha256");
  let index = 0;
  const written = (kind: ItemKind, content: Uint8Array): WrittenItem => {
    const item = { index, kind, content };
    index += 1;
    const cbor = encodeItem(item);
    if (kind !== "end") digest.update(cbor);
    return { cbor, json: `${JSON.stringify(readableItem(item))}\n` };
  };
  yield written("header", encodeStructure(exportSchemas.header, { version: 1, ...header }));
  for (const entry of entries) yield written(entry.kind, contentOf(entry));
  const end = { items: index, digest: digest.digest("hex") as Hash };
  yield written("end", encodeStructure(exportSchemas.end, end));
}

function contentOf(entry: ExportEntry): Uint8Array {
  switch (entry.kind) {
    case "message":
      return entry.bytes;
    case "line":
      return encodeLine(entry.line);
    case "inclusion":
      return encodeStructure(exportSchemas.inclusion, entry.proof);
    case "consistency":
      return encodeStructure(exportSchemas.consistency, entry.proof);
    case "prices":
      return encodeStructure(exportSchemas.prices, entry.prices);
  }
}
