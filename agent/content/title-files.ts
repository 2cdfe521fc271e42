/** The bytes of one title on disk: a sparse file per title file, offsets as in the title. */
import { constants } from "node:fs";
import { open, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import type { TitleManifest } from "../accounting/messages.ts";
import { errnoOf } from "../core/errors.ts";
import { type ChunkRef, chunkRange, fileAt } from "./chunks.ts";
import { writeAll } from "./write-all.ts";

export class TitleFiles {
  readonly #directory: string;
  readonly #manifest: TitleManifest;

  /** The directory has to be there before anything is written. */
  constructor(directory: string, manifest: TitleManifest) {
    this.#directory = directory;
    this.#manifest = manifest;
  }

  path(file: number): string {
    return join(this.#directory, String(file));
  }

  async write(ref: ChunkRef, data: Uint8Array): Promise<void> {
    // Made when it is not there and never cut: chunks of one file are written side by side.
    const file = await open(this.path(ref.file), constants.O_RDWR | constants.O_CREAT);
    try {
      await writeAll(file, data, this.#range(ref).start);
    } finally {
      await file.close();
    }
  }

  /** Unchecked bytes; undefined when the disk has fewer of them than the chunk is long. */
  async read(ref: ChunkRef): Promise<Uint8Array | undefined> {
    const { start, end } = this.#range(ref);
    try {
      const file = await open(this.path(ref.file), "r");
      try {
        const data = new Uint8Array(end - start);
        const { bytesRead } = await file.read(data, 0, data.length, start);
        return bytesRead === data.length ? data : undefined;
      } finally {
        await file.close();
      }
    } catch (fault) {
      // A missing file or a bad block is a chunk that is not there.
      if (["ENOENT", "EIO"].includes(errnoOf(fault) ?? "")) return undefined;
      throw fault;
    }
  }

  /** Gives the disk back what a file has from a chunk on. */
  async cut(file: number, from: number): Promise<void> {
    if (from === 0) await rm(this.path(file), { force: true });
    else await truncate(this.path(file), from * this.#manifest.chunkSize);
  }

  #range({ file, chunk }: ChunkRef) {
    return chunkRange(fileAt(this.#manifest, file), this.#manifest.chunkSize, chunk);
  }
}
