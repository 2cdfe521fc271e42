/**
 * One title on disk: a sparse file per title file, and a bitmap of the chunks that are there. The
 * bitmap is written now and then and never waits for the data, so after an unclean stop it is only
 * a claim: every claimed chunk is hashed again before it counts as held.
 */
import { constants } from "node:fs";
import { mkdir, open, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Sealed, TitleManifest } from "../accounting/messages.ts";
import { type Hash, sha256 } from "../core/encoding.ts";
import { errnoOf } from "../core/errors.ts";
import { Bitmap } from "./bitmap.ts";
import {
  type ChunkRef,
  chunkBases,
  chunkLength,
  chunkRange,
  fileAt,
  fileEtag,
  hashOf,
  totalChunks,
} from "./chunks.ts";
import { writeAll } from "./write-all.ts";

export class HeldTitle {
  readonly id: Hash;
  readonly sealed: Sealed<"manifest">;
  readonly etags: readonly string[];
  readonly #directory: string;
  readonly #indexes: ReadonlyMap<string, number>;
  readonly #bases: readonly number[];
  readonly #held: Bitmap;
  readonly #claimed: Bitmap;
  readonly #heldBytes: number[];
  #totalHeldBytes: number;
  #claimsLeft: number;
  #dirty = false;

  private constructor(
    directory: string,
    sealed: Sealed<"manifest">,
    onDisk: Bitmap,
    trust: boolean,
  ) {
    this.id = sealed.hash;
    this.sealed = sealed;
    this.etags = sealed.body.files.map(fileEtag);
    this.#directory = directory;
    this.#indexes = new Map(sealed.body.files.map((file, index) => [file.path, index]));
    this.#bases = chunkBases(sealed.body);
    this.#held = trust ? onDisk : new Bitmap(onDisk.length);
    this.#claimed = trust ? new Bitmap(onDisk.length) : onDisk;
    this.#heldBytes = sealed.body.files.map((_, file) => this.#countHeld(file));
    this.#totalHeldBytes = this.#heldBytes.reduce((sum, size) => sum + size, 0);
    this.#claimsLeft = [...this.#claimed.members()].length;
  }

  static async create(directory: string, sealed: Sealed<"manifest">): Promise<HeldTitle> {
    await mkdir(join(directory, "files"), { recursive: true });
    await replaceFile(join(directory, "manifest"), sealed.bytes);
    return new HeldTitle(directory, sealed, new Bitmap(totalChunks(sealed.body)), true);
  }

  /** `trust` says that the last stop was clean, so that the bitmap can be believed. */
  static async load(
    directory: string,
    sealed: Sealed<"manifest">,
    trust: boolean,
  ): Promise<HeldTitle> {
    const length = totalChunks(sealed.body);
    const data = await readIfThere(join(directory, "chunks"));
    const fits = data !== undefined && data.length === Math.ceil(length / 8);
    return new HeldTitle(directory, sealed, new Bitmap(length, fits ? data : undefined), trust);
  }

  get manifest(): TitleManifest {
    return this.sealed.body;
  }

  indexOf(path: string): number | undefined {
    return this.#indexes.get(path);
  }

  diskPath(file: number): string {
    return join(this.#directory, "files", String(file));
  }

  heldBytes(file: number): number {
    return this.#heldBytes[file] ?? 0;
  }

  get totalHeldBytes(): number {
    return this.#totalHeldBytes;
  }

  get complete(): boolean {
    return this.#held.hasAll(0, this.#held.length);
  }

  has(ref: ChunkRef): boolean {
    return this.#held.has(this.#bit(ref));
  }

  holds(file: number, start: number, end: number): boolean {
    const { size } = fileAt(this.manifest, file);
    if (start < 0 || end > size) return false;
    if (start >= end) return true;
    const { chunkSize } = this.manifest;
    const base = this.#base(file);
    return this.#held.hasAll(
      base + Math.floor(start / chunkSize),
      base + Math.ceil(end / chunkSize),
    );
  }

  /** Writes a chunk whose hash the caller has checked. */
  async write(ref: ChunkRef, data: Uint8Array): Promise<void> {
    const { start } = chunkRange(
      fileAt(this.manifest, ref.file),
      this.manifest.chunkSize,
      ref.chunk,
    );
    // Made when it is not there and never cut: chunks of one file are written side by side.
    const file = await open(this.diskPath(ref.file), constants.O_RDWR | constants.O_CREAT);
    try {
      await writeAll(file, data, start);
    } finally {
      await file.close();
    }
    this.#mark(ref, data.length);
  }

  /** Reads a held chunk; undefined when it is not held or the disk no longer has its bytes. */
  async read(ref: ChunkRef): Promise<Uint8Array | undefined> {
    if (!this.has(ref)) return undefined;
    const data = await this.#readRaw(ref);
    if (data && sha256(data) === hashOf(this.manifest, ref)) return data;
    this.forget(ref);
    return undefined;
  }

  /** Takes a chunk out: its bytes on disk are worth nothing any more. */
  forget(ref: ChunkRef): void {
    if (!this.has(ref)) return;
    this.#held.delete(this.#bit(ref));
    this.#count(ref.file, -chunkLength(this.manifest, ref));
  }

  /** Chunks whose presence is only claimed, those of `first` before all others. */
  *claims(first?: number): Generator<ChunkRef> {
    if (this.#claimsLeft === 0) return;
    if (first !== undefined) yield* this.#claimsOf(first);
    for (const file of this.manifest.files.keys()) if (file !== first) yield* this.#claimsOf(file);
  }

  get claimsLeft(): number {
    return this.#claimsLeft;
  }

  /** Hashes one claimed chunk: held from now on, or gone. */
  async verifyClaim(ref: ChunkRef): Promise<boolean> {
    const bit = this.#bit(ref);
    if (!this.#claimed.has(bit)) return this.#held.has(bit);
    const data = await this.#readRaw(ref);
    if (!this.#claimed.has(bit)) return this.#held.has(bit);
    this.#claimed.delete(bit);
    this.#claimsLeft--;
    this.#dirty = true;
    if (!data || sha256(data) !== hashOf(this.manifest, ref)) return false;
    this.#mark(ref, data.length);
    return true;
  }

  /** Deletes a file's bytes, or only those from chunk `from` on. */
  async drop(file: number, from = 0): Promise<void> {
    const base = this.#base(file);
    const count = fileAt(this.manifest, file).chunks.length;
    for (let chunk = from; chunk < count; chunk++) {
      this.forget({ file, chunk });
      if (this.#claimed.has(base + chunk)) {
        this.#claimed.delete(base + chunk);
        this.#claimsLeft--;
      }
    }
    this.#dirty = true;
    if (from === 0) await rm(this.diskPath(file), { force: true });
    else await truncate(this.diskPath(file), from * this.manifest.chunkSize);
  }

  /** Writes the bitmap when it changed; the bytes written. */
  async flush(): Promise<number> {
    if (!this.#dirty) return 0;
    this.#dirty = false;
    // What is still claimed stays claimed on disk, or an unclean stop would lose it.
    const both = this.#held.bytes.map((byte, at) => byte | (this.#claimed.bytes[at] ?? 0));
    try {
      await replaceFile(join(this.#directory, "chunks"), both);
    } catch (fault) {
      this.#dirty = true;
      throw fault;
    }
    return both.length;
  }

  async delete(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }

  *#claimsOf(file: number): Generator<ChunkRef> {
    const base = this.#base(file);
    const count = fileAt(this.manifest, file).chunks.length;
    for (const bit of this.#claimed.members(base, base + count)) yield { file, chunk: bit - base };
  }

  #mark(ref: ChunkRef, length: number): void {
    const bit = this.#bit(ref);
    if (this.#held.has(bit)) return;
    this.#held.add(bit);
    this.#count(ref.file, length);
  }

  #count(file: number, change: number): void {
    this.#heldBytes[file] = this.heldBytes(file) + change;
    this.#totalHeldBytes += change;
    this.#dirty = true;
  }

  async #readRaw(ref: ChunkRef): Promise<Uint8Array | undefined> {
    const { start, end } = chunkRange(
      fileAt(this.manifest, ref.file),
      this.manifest.chunkSize,
      ref.chunk,
    );
    try {
      const file = await open(this.diskPath(ref.file), "r");
      try {
        const { buffer, bytesRead } = await file.read(
          Buffer.alloc(end - start),
          0,
          end - start,
          start,
        );
        return bytesRead === end - start
          ? new Uint8Array(buffer.buffer, buffer.byteOffset, bytesRead)
          : undefined;
      } finally {
        await file.close();
      }
    } catch (fault) {
      // A missing file or a bad block is a chunk that is not there.
      if (["ENOENT", "EIO"].includes(errnoOf(fault) ?? "")) return undefined;
      throw fault;
    }
  }

  #base(file: number): number {
    const base = this.#bases[file];
    if (base === undefined) throw new RangeError(`title has no file ${file}`);
    return base;
  }

  #bit(ref: ChunkRef): number {
    if (ref.chunk >= fileAt(this.manifest, ref.file).chunks.length)
      throw new RangeError(`file ${ref.file} has no chunk ${ref.chunk}`);
    return this.#base(ref.file) + ref.chunk;
  }

  #countHeld(file: number): number {
    const base = this.#base(file);
    const count = fileAt(this.manifest, file).chunks.length;
    let sum = 0;
    for (const bit of this.#held.members(base, base + count))
      sum += chunkLength(this.manifest, { file, chunk: bit - base });
    return sum;
  }
}

/** Whole or not at all after a crash of the process; a power cut may still leave the old content. */
export async function replaceFile(path: string, data: Uint8Array | string): Promise<void> {
  await writeFile(`${path}.new`, data);
  await rename(`${path}.new`, path);
}

export async function readIfThere(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (fault) {
    if (errnoOf(fault) === "ENOENT") return undefined;
    throw fault;
  }
}
