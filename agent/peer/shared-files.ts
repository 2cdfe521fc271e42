/**
 * Descriptors of files that are asked for in ranges again and again. Bun opens a file anew for each
 * response and closes it on another thread, which costs more than the rest of a 1 MiB range; of a
 * descriptor it is given it sends parts without either.
 */
import { closeSync, fstatSync, openSync } from "node:fs";
import type { BunFile, Server } from "bun";
import type { ContentFile } from "../content/content-source.ts";
import { errnoOf } from "../core/errors.ts";
import { hasEnded } from "./running-streams.ts";

interface Use {
  readonly request: Request;
  readonly server: Server<undefined>;
}

/** What a response is made of. Bun copies both natively, which spares building the headers anew. */
export interface Shared {
  readonly file: BunFile;
  readonly headers: Headers;
}

interface SharedFile extends Shared {
  readonly descriptor: number;
  /** Responses that were begun with it; those that have ended are forgotten now and then. */
  uses: Use[];
  lastUsed: number;
}

const MOST_FILES = 64;
/** A deleted file's space comes back when its last descriptor is closed. */
const UNUSED_MS = 2_000;
/** Uses kept before it is looked which of them have ended. */
const TIDY_AT = 32;

const stillRunning = (shared: SharedFile) =>
  shared.uses.filter(({ request, server }) => !hasEnded(request, server));

export class SharedFiles {
  readonly #files = new Map<string, SharedFile>();
  readonly #headersOf: (file: ContentFile) => Record<string, string>;

  /** @param headersOf what all responses of a file say besides status and range */
  constructor(headersOf: (file: ContentFile) => Record<string, string>) {
    this.#headersOf = headersOf;
  }

  /** For a response to the request; undefined when the file cannot be had so. */
  use(
    wanted: ContentFile,
    request: Request,
    server: Server<undefined>,
    nowMs: number,
  ): Shared | undefined {
    // The tag tells files apart that came to lie under one path, one after the other.
    const name = `${wanted.diskPath}\n${wanted.etag}`;
    const shared = this.#files.get(name) ?? this.#open(name, wanted);
    if (!shared) return undefined;
    // It may still be filled, or have been cut or deleted since.
    const { size, nlink } = fstatSync(shared.descriptor);
    if (size !== wanted.size || nlink === 0) return undefined;
    shared.uses.push({ request, server });
    if (shared.uses.length > TIDY_AT) shared.uses = stillRunning(shared);
    shared.lastUsed = nowMs;
    return shared;
  }

  /** Closes what nobody asks for any more. Never one a response runs from: its number would be another file's. */
  sweep(nowMs: number): void {
    for (const [name, shared] of this.#files) {
      if (nowMs - shared.lastUsed < UNUSED_MS) continue;
      shared.uses = stillRunning(shared);
      if (shared.uses.length > 0) continue;
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
      const shared = { descriptor, file: Bun.file(descriptor), headers, uses: [], lastUsed: 0 };
      this.#files.set(name, shared);
      return shared;
    } catch (fault) {
      // Gone, or no descriptor left: Bun meets the same when it opens the file, and answers for it.
      if (errnoOf(fault) === undefined) throw fault;
      return undefined;
    }
  }
}
