/** A file's bytes as an HTTP response whose body the kernel sends. */
import type { BunFile } from "bun";
import type { ContentFile } from "../content/content-source.ts";

export interface Slice {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  /** False for 200, where the whole file was asked for. */
  readonly partial: boolean;
}

/** Opening one anew for each range costs a quarter of the throughput; they hold no descriptor. */
const MOST_FILES = 512;

export class FileResponses {
  readonly #files = new Map<string, BunFile>();

  respond(file: ContentFile, slice: Slice): Response {
    const headers = headersOf(file);
    if (!slice.partial) return new Response(this.#open(file), { headers });
    headers["content-range"] = `bytes ${slice.start}-${slice.end - 1}/${file.size}`;
    return new Response(this.#open(file).slice(slice.start, slice.end), { status: 206, headers });
  }

  /** The tag tells files apart that came to lie under one path, one after the other. */
  #open(file: ContentFile): BunFile {
    const key = `${file.diskPath}\n${file.etag}`;
    const known = this.#files.get(key);
    if (known) return known;
    const opened = Bun.file(file.diskPath);
    // It remembers the size it saw first, and a file that is being filled still grows.
    if (!file.holds(0, file.size)) return opened;
    if (this.#files.size >= MOST_FILES) this.#files.clear();
    this.#files.set(key, opened);
    return opened;
  }
}

export function notModified(file: ContentFile): Response {
  return new Response(null, { status: 304, headers: headersOf(file) });
}

/** Content is named by its hash and never changes. Browsers may read titles that are open to all. */
function headersOf(file: ContentFile): Record<string, string> {
  const headers: Record<string, string> = {
    "content-type": file.mediaType,
    etag: file.etag,
    "accept-ranges": "bytes",
  };
  if (file.manifest.delivery === "open") {
    headers["cache-control"] = "public, max-age=31536000, immutable";
    headers["access-control-allow-origin"] = "*";
    headers["access-control-expose-headers"] = "content-range, etag";
  } else {
    headers["cache-control"] = "private, max-age=31536000, immutable";
  }
  return headers;
}
