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
  type PlayTerms,
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
  | { readonly kind: "prices"; readonly prices: PublishedPrices }
  | { readonly kind: "terms"; readonly terms: PlayTerms };

/** One item for each of the two files; `json` ends its line. */
export interface WrittenItem {
  readonly cbor: Uint8Array;
  readonly json: string;
}

/**
 * Writes an export item by item, so that years of records need no memory. Records should come in
 * chain order; otherwise the order is free.
 */
export class ExportWriter {
  readonly #digest = createHash("sha256");
  #index = 0;

  /** The first item. */
  header(header: Omit<ExportHeader, "version">): WrittenItem {
    const content = encodeStructure(exportSchemas.header, { version: 1, ...header });
    return this.#written("header", content);
  }

  entry(entry: ExportEntry): WrittenItem {
    return this.#written(entry.kind, contentOf(entry));
  }

  /** The last item: without it the export is cut short. */
  end(): WrittenItem {
    const digest = this.#digest.copy().digest("hex") as Hash;
    const end = { items: this.#index, digest };
    return this.#written("end", encodeStructure(exportSchemas.end, end));
  }

  #written(kind: ItemKind, content: Uint8Array): WrittenItem {
    const item = { index: this.#index, kind, content };
    this.#index += 1;
    const cbor = encodeItem(item);
    this.#digest.update(cbor);
    return { cbor, json: `${JSON.stringify(readableItem(item))}\n` };
  }
}

/** All of an export whose entries are at hand. */
export function* writeExport(
  header: Omit<ExportHeader, "version">,
  entries: Iterable<ExportEntry>,
): Generator<WrittenItem> {
  const writer = new ExportWriter();
  yield writer.header(header);
  for (const entry of entries) yield writer.entry(entry);
  yield writer.end();
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
    case "terms":
      return encodeStructure(exportSchemas.terms, entry.terms);
  }
}
