/** Where a fetched title goes: a folder, the box's store, or nowhere. */
import { constants } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Sealed, TitleManifest } from "../accounting/messages.ts";
import { sha256 } from "../core/encoding.ts";
import { errnoOf, exitCode, OperatorError, reasonOf } from "../core/errors.ts";
import { type ChunkRef, chunkRange, fileAt, hashOf } from "./chunks.ts";
import type { ContentStore, PutOutcome } from "./store.ts";

export interface Destination {
  /** True when the chunk is there already, its hash checked: how a fetch resumes. */
  has(ref: ChunkRef): Promise<boolean>;
  /** A word on why no more can be taken, or undefined. Throws on a fault. */
  put(ref: ChunkRef, data: Uint8Array): Promise<PutOutcome | undefined>;
  /** Called when every chunk is there. */
  finish(): Promise<void>;
}

/** Files under a folder, by their paths in the title. What is there and right is not fetched again. */
export function toFolder(folder: string, manifest: TitleManifest): Destination {
  const pathOf = (file: number) => join(folder, fileAt(manifest, file).path);
  const withFile = async <T>(file: number, use: (disk: Disk) => Promise<T>): Promise<T> => {
    const path = pathOf(file);
    try {
      await mkdir(dirname(path), { recursive: true });
      const disk = await open(path, constants.O_RDWR | constants.O_CREAT, 0o644);
      try {
        return await use(disk);
      } finally {
        await disk.close();
      }
    } catch (cause) {
      throw new OperatorError(
        exitCode.ioError,
        `Cannot write ${path} (${reasonOf(cause)}): make room or name another folder.`,
        { cause },
      );
    }
  };
  return {
    has: async (ref) => {
      const { start, end } = chunkRange(fileAt(manifest, ref.file), manifest.chunkSize, ref.chunk);
      const data = await readPart(pathOf(ref.file), start, end);
      return data !== undefined && sha256(data) === hashOf(manifest, ref);
    },
    put: async (ref, data) => {
      const { start } = chunkRange(fileAt(manifest, ref.file), manifest.chunkSize, ref.chunk);
      await withFile(ref.file, (disk) => disk.write(data, 0, data.length, start));
      return undefined;
    },
    finish: async () => {
      // Makes empty files, and cuts off what a longer file of the same name had.
      for (const [file, { size }] of manifest.files.entries())
        await withFile(file, (disk) => disk.truncate(size));
    },
  };
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
  };
}

/** Fetched, checked and thrown away: for measuring and for demonstrations. */
export const toNowhere: Destination = {
  has: async () => false,
  put: async () => undefined,
  finish: async () => {},
};

type Disk = Awaited<ReturnType<typeof open>>;

async function readPart(path: string, start: number, end: number): Promise<Uint8Array | undefined> {
  try {
    const disk = await open(path, "r");
    try {
      const data = new Uint8Array(end - start);
      const { bytesRead } = await disk.read(data, 0, data.length, start);
      return bytesRead === data.length ? data : undefined;
    } finally {
      await disk.close();
    }
  } catch (fault) {
    if (errnoOf(fault) === "ENOENT") return undefined;
    throw fault;
  }
}
