/**
 * Descriptors of files that are asked for in ranges again and again. Bun opens a file anew for each
 * response and closes it on another thread, which costs more than the rest of a 1 MiB range; of a
 * descriptor it is given it sends parts without either.
 */
import { closeSync, fstatSync, openSync } from "node:fs";
import type { BunFile } from "bun";
import type { ContentFile } from "../content/content-source.ts";
import { errnoOf } from "../core/errors.ts";
import type { Stream } from "./running-streams.ts";

/** What a response is made of. Bun copies both natively, which spares building the headers anew. */
export interface Shared {
  readonly file: BunFile;
  readonly headers: Headers;
}

interface SharedFile extends Shared {
  readonly descriptor: number;
  /** Responses that run from it, with those whose end was not looked for yet. */
  users: number;
  lastUsed: number;
  /** When it was last found whole; undefined while it is not. */
  wholeAt: number | undefined;
}

const MOST_FILES = 64;
/** A deleted file's space comes back when its last descriptor is closed. */
const UNUSED_MS = 2_000;
/** A look at a file costs as much as a tenth of what a range takes beyond the kernel's part. */
const LOOK_AGAIN_MS = 20;

/**
 * It may still be filled, or have been cut or deleted since. Bun looks at its size as well and answers
 * by that, so what is seen late is another `Content-Range`, never other bytes.
 */
function isWhole(shared: SharedFile, whole: number, nowMs: number): boolean {
  if (shared.wholeAt !== undefined && nowMs - shared.wholeAt < LOOK_AGAIN_MS) return true;
  const { size, nlink } = fstatSync(shared.descriptor);
  shared.wholeAt = size === whole && nlink > 0 ? nowMs : undefined;
  return shared.wholeAt !== undefined;
}

export class SharedFiles {
  readonly #files = new Map<string, SharedFile>();
  readonly #headersOf: (file: ContentFile) => Record<string, string>;

  /** @param headersOf what all responses of a file say besides status and range */
  constructor(headersOf: (file: ContentFile) => Record<string, string>) {
    this.#headersOf = headersOf;
  }

  /** For the stream's response; undefined when the file cannot be had so. */
  use(wanted: ContentFile, stream: Stream, nowMs: number): Shared | undefined {
    // The tag tells files apart that came to lie under one path, one after the other.
    const name = `${wanted.diskPath}\n${wanted.etag}`;
    const shared = this.#files.get(name) ?? this.#open(name, wanted);
    if (!shared) return undefined;
    if (!isWhole(shared, wanted.size, nowMs)) return undefined;
    stream.runsFrom(shared);
    shared.lastUsed = nowMs;
    return shared;
  }

  /** Closes what nobody asks for any more. Never one a response runs from: its number would be another file's. */
  sweep(nowMs: number): void {
    for (const [name, shared] of this.#files) {
      if (nowMs - shared.lastUsed < UNUSED_MS || shared.users > 0) continue;
      this.#files.delete(name);
      closeSync(shared.descriptor);
    }
  }

  /** For the end, when the server was stopped with its connections. */
  closeAll(): void {
    for (const { descriptor } of this.#files.values()) closeSync(descriptor);
    this.#files.clear();
  }

  #open(name: string, wanted: ContentFile): SharedFile | undefined {
    if (this.#files.size >= MOST_FILES) return undefined;
    try {
      const descriptor = openSync(wanted.diskPath, "r");
      const headers = new Headers(this.#headersOf(wanted));
      const shared = {
        descriptor,
        file: Bun.file(descriptor),
        headers,
        users: 0,
        lastUsed: 0,
        wholeAt: undefined,
      };
      this.#files.set(name, shared);
      return shared;
    } catch (fault) {
      // Gone, or no descriptor left: Bun meets the same when it opens the file, and answers for it.
      if (errnoOf(fault) === undefined) throw fault;
      return undefined;
    }
  }
}
