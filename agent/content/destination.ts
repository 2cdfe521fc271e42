/** Where a fetched title goes: a folder, the box's store, or nowhere. */
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Sealed, TitleManifest } from "../accounting/messages.ts";
import { sha256 } from "../core/encoding.ts";
import { errnoOf, exitCode, OperatorError, reasonOf } from "../core/errors.ts";
import type { PutOutcome } from "./chunk-writer.ts";
import { type ChunkRef, chunkRange, fileAt, hashOf } from "./chunks.ts";
import type { ContentStore } from "./store.ts";
import { writeAll } from "./write-all.ts";

export interface Destination {
  /** True when the chunk is there already, its hash checked: how a fetch resumes. */
  has(ref: ChunkRef): Promise<boolean>;
  /** A word on why no more can be taken, or undefined. Throws on a fault. */
  put(ref: ChunkRef, data: Uint8Array): Promise<PutOutcome | undefined>;
  /** Called when every chunk is there. */
  finish(): Promise<void>;
  /** Called at the end, however it ended. */
  close(): Promise<void>;
}

/**
 * Files under a folder, by their paths in the title. What is there and right is not fetched again. Throws
 * for a title with a hidden file: publish takes none, and in a home one would be a program's settings.
 */
export function toFolder(folder: string, manifest: TitleManifest): Destination {
  const hidden = manifest.files.find(({ path }) => /(^|\/)\./.test(path));
  if (hidden)
    throw new OperatorError(
      exitCode.noPermission,
      `The title has a hidden file (${hidden.path}), so it is not written to ${folder}: ask its creator, or look at it by play.`,
    );
  return new FolderDestination(folder, manifest);
}

/** Files written lately stay open: opening one for each chunk costs more than writing it. */
const OPEN_FILES = 8;

interface OpenFile {
  readonly file: Promise<FileHandle>;
  users: number;
}

class FolderDestination implements Destination {
  readonly #folder: string;
  readonly #manifest: TitleManifest;
  /** Oldest use first. */
  readonly #open = new Map<number, OpenFile>();
  /** Sizes of the files before the fetch; nothing beyond them needs to be looked at. */
  readonly #before = new Map<number, number>();

  constructor(folder: string, manifest: TitleManifest) {
    this.#folder = folder;
    this.#manifest = manifest;
  }

  async has(ref: ChunkRef): Promise<boolean> {
    const { start, end } = this.#range(ref);
    const known = this.#before.get(ref.file) ?? (await sizeOf(this.#path(ref.file)));
    this.#before.set(ref.file, known);
    if (known < end) return false;
    const data = new Uint8Array(end - start);
    return this.#use(ref.file, async (file) => {
      const { bytesRead } = await file.read(data, 0, data.length, start);
      return bytesRead === data.length && sha256(data) === hashOf(this.#manifest, ref);
    });
  }

  async put(ref: ChunkRef, data: Uint8Array): Promise<undefined> {
    const { start } = this.#range(ref);
    await this.#use(ref.file, (file) => writeAll(file, data, start));
  }

  /** Makes empty files, and cuts off what a longer file of the same name had. */
  async finish(): Promise<void> {
    for (const [index, { size }] of this.#manifest.files.entries())
      await this.#use(index, (file) => file.truncate(size));
  }

  async close(): Promise<void> {
    const files = [...this.#open.values()];
    this.#open.clear();
    this.#before.clear();
    await Promise.allSettled(files.map(async ({ file }) => (await file).close()));
  }

  async #use<T>(index: number, use: (file: FileHandle) => Promise<T>): Promise<T> {
    const opened = this.#open.get(index) ?? { file: openForUse(this.#path(index)), users: 0 };
    this.#open.delete(index);
    this.#open.set(index, opened);
    opened.users++;
    try {
      return await use(await opened.file);
    } catch (cause) {
      throw new OperatorError(
        exitCode.ioError,
        `Cannot write ${this.#path(index)} (${reasonOf(cause)}): make room or name another folder.`,
        { cause },
      );
    } finally {
      opened.users--;
      await this.#closeIdle();
    }
  }

  async #closeIdle(): Promise<void> {
    for (const [index, { file, users }] of this.#open) {
      if (this.#open.size <= OPEN_FILES) return;
      if (users > 0) continue;
      this.#open.delete(index);
      await (await file).close();
    }
  }

  #range(ref: ChunkRef) {
    return chunkRange(fileAt(this.#manifest, ref.file), this.#manifest.chunkSize, ref.chunk);
  }

  #path(file: number): string {
    return join(this.#folder, fileAt(this.#manifest, file).path);
  }
}

/** The box's cache; bytes that it may not or cannot take end the fetch with the reason. */
export function toStore(store: ContentStore, title: Sealed<"manifest">): Destination {
  return {
    has: async (ref) => store.has(title.hash, ref),
    put: async (ref, data) => {
      const outcome = await store.putChunkAt(title.hash, ref, data);
      return outcome === "stored" || outcome === "known" ? undefined : outcome;
    },
    finish: () => store.flush(),
    close: async () => {},
  };
}

/** Fetched, checked and thrown away: for measuring and for demonstrations. */
export const toNowhere: Destination = {
  has: async () => false,
  put: async () => undefined,
  finish: async () => {},
  close: async () => {},
};

async function openForUse(path: string): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true });
  return open(path, constants.O_RDWR | constants.O_CREAT, 0o644);
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (fault) {
    // What stands in the way of the path is told when the file is to be written.
    if (["ENOENT", "ENOTDIR"].includes(errnoOf(fault) ?? "")) return 0;
    throw new OperatorError(
      exitCode.ioError,
      `Cannot look at ${path} (${reasonOf(fault)}): correct its rights or name another folder.`,
      { cause: fault },
    );
  }
}
