/** A file's bytes as an HTTP response whose body the kernel sends. */
import type { BunFile } from "bun";
import type { ContentFile } from "../content/content-source.ts";
import { safelyShown } from "../content/media-type.ts";
import type { Stream } from "./running-streams.ts";
import { SharedFiles } from "./shared-files.ts";

export interface Slice {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  /** False for 200, where the whole file was asked for. */
  readonly partial: boolean;
  /** True where `Range` alone names just this part, so that nobody can read another one into the request. */
  readonly named: boolean;
}

/** Making one anew for each range costs a quarter of the throughput; they hold no descriptor. */
const MOST_FILES = 512;
/** From here on Bun uses sendfile, which does not move a descriptor's own position. */
const SENT_BY_KERNEL = 1024 * 1024;

export interface FileResponsesOptions {
  /** With TLS Bun reads the file itself, from the descriptor's position on. */
  readonly tls: boolean;
}

export class FileResponses {
  readonly #files = new Map<string, BunFile>();
  readonly #shared = new SharedFiles(namesOf);
  readonly #options: FileResponsesOptions;

  constructor(options: FileResponsesOptions) {
    this.#options = options;
  }

  respond(
    file: ContentFile,
    slice: Slice,
    request: Request,
    stream: Stream,
    nowMs: number,
  ): Response {
    if (!this.#options.tls && isAnsweredByBun(slice)) {
      const shared = this.#shared.use(file, stream, nowMs);
      if (shared) return new Response(shared.file, { headers: shared.headers });
    }
    const response = this.describe(file, slice);
    if (isSlicedByBun(request, slice)) response.headers.set("content-range", wholeOf(file));
    return response;
  }

  /** The answer to HEAD; and to GET, where the file is opened for this one response. */
  describe(file: ContentFile, slice: Slice): Response {
    const headers: Record<string, string> = headersOf(file);
    if (!slice.partial) return new Response(this.#open(file), { headers });
    headers["content-range"] = `bytes ${slice.start}-${slice.end - 1}/${file.size}`;
    return new Response(this.#open(file).slice(slice.start, slice.end), { status: 206, headers });
  }

  /** Closes descriptors that nobody asks for any more. */
  sweep(nowMs: number): void {
    this.#shared.sweep(nowMs);
  }

  /** For the end, when the server was stopped with its connections. */
  close(): void {
    this.#shared.closeAll();
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

/**
 * Bun answers a single range of a whole file by itself, with status, `Content-Range` and `Accept-Ranges`;
 * it cannot send a slice of a descriptor. It is left to Bun where it cannot come to another part than `sliceOf` did.
 */
const isAnsweredByBun = ({ named, start, end }: Slice) => named && end - start >= SENT_BY_KERNEL;

/**
 * Bun cuts a range out of a whole file by rules of its own, from a `Range` that ours ignore (spaces, a
 * second header), and the viewer's account would count what was never sent. It leaves alone what has a
 * `Content-Range`, which means nothing beside 200 (RFC 9110 §14.4).
 */
const isSlicedByBun = ({ headers }: Request, { partial, end }: Slice) =>
  !partial && end > 0 && headers.get("range") !== null;

const wholeOf = ({ size }: ContentFile) => `bytes 0-${size - 1}/${size}`;

export function notModified(file: ContentFile): Response {
  return new Response(null, { status: 304, headers: headersOf(file) });
}

const headersOf = (file: ContentFile) => ({ ...namesOf(file), "accept-ranges": "bytes" });

/** Content is named by its hash and never changes. Browsers may read titles that are open to all. */
function namesOf(file: ContentFile): Record<string, string> {
  const headers: Record<string, string> = {
    // Else Bun tells the name that the file has on flash, and a download is saved under it.
    "content-disposition": "inline",
    ...safelyShown(file.mediaType),
    "content-type": file.mediaType,
    etag: file.etag,
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
