/**
 * One title on disk: its bytes, and a bitmap of the chunks that are there. The bitmap is written now
 * and then and never waits for the data, so after an unclean stop it is only a claim: every claimed
 * chunk is hashed again before it counts as held.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Sealed, TitleManifest } from "../accounting/messages.ts";
import { type Hash, sha256 } from "../core/encoding.ts";
import { Bitmap } from "./bitmap.ts";
import { type ChunkRef, fileAt, fileEtag, hashOf, totalChunks } from "./chunks.ts";
import { HeldChunks } from "./held-chunks.ts";
import { TitleFiles } from "./title-files.ts";
import { readIfThere, replaceFile } from "./whole-file.ts";

export class HeldTitle {
  readonly id: Hash;
  readonly sealed: Sealed<"manifest">;
  readonly etags: readonly string[];
  readonly #directory: string;
  readonly #indexes: ReadonlyMap<string, number>;
  readonly #chunks: HeldChunks;
  readonly #files: TitleFiles;
  #dirty = false;

  private constructor(directory: string, sealed: Sealed<"manifest">, chunks: HeldChunks) {
    this.id = sealed.hash;
    this.sealed = sealed;
    this.etags = sealed.body.files.map(fileEtag);
    this.#directory = directory;
    this.#indexes = new Map(sealed.body.files.map((file, index) => [file.path, index]));
    this.#chunks = chunks;
    this.#files = new TitleFiles(join(directory, "files"), sealed.body);
  }

  static async create(directory: string, sealed: Sealed<"manifest">): Promise<HeldTitle> {
    await mkdir(join(directory, "files"), { recursive: true });
    await replaceFile(join(directory, "manifest"), sealed.bytes);
    const none = new Bitmap(totalChunks(sealed.body));
    return new HeldTitle(directory, sealed, new HeldChunks(sealed.body, none, true));
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
    const onDisk = new Bitmap(length, fits ? data : undefined);
    return new HeldTitle(directory, sealed, new HeldChunks(sealed.body, onDisk, trust));
  }

  get manifest(): TitleManifest {
    return this.sealed.body;
  }

  indexOf(path: string): number | undefined {
    return this.#indexes.get(path);
  }

  diskPath(file: number): string {
    return this.#files.path(file);
  }

  heldBytes(file: number): number {
    return this.#chunks.bytesOf(file);
  }

  get totalHeldBytes(): number {
    return this.#chunks.totalBytes;
  }

  get complete(): boolean {
    return this.#chunks.complete;
  }

  has(ref: ChunkRef): boolean {
    return this.#chunks.has(ref);
  }

  holds(file: number, start: number, end: number): boolean {
    const { size } = fileAt(this.manifest, file);
    if (start < 0 || end > size) return false;
    return start >= end || this.#chunks.hasRange(file, start, end);
  }

  /** Writes a chunk whose hash the caller has checked. */
  async write(ref: ChunkRef, data: Uint8Array): Promise<void> {
    await this.#files.write(ref, data);
    if (this.#chunks.add(ref)) this.#dirty = true;
  }

  /** Reads a held chunk; undefined when it is not held or the disk no longer has its bytes. */
  async read(ref: ChunkRef): Promise<Uint8Array | undefined> {
    if (!this.has(ref)) return undefined;
    const data = await this.#readSound(ref);
    if (!data) this.forget(ref);
    return data;
  }

  /** Takes a chunk out: its bytes on disk are worth nothing any more. */
  forget(ref: ChunkRef): void {
    if (this.#chunks.remove(ref)) this.#dirty = true;
  }

  /** Chunks whose presence is only claimed. */
  claims(): Generator<ChunkRef> {
    return this.#chunks.claims();
  }

  get claimsLeft(): number {
    return this.#chunks.claimsLeft;
  }

  /** Hashes one claimed chunk: held from now on, or gone. */
  async verifyClaim(ref: ChunkRef): Promise<boolean> {
    if (!this.#chunks.isClaimed(ref)) return this.has(ref);
    const data = await this.#readSound(ref);
    // It may have been dropped, or looked into by another, while it was read.
    if (!this.#chunks.endClaim(ref)) return this.has(ref);
    this.#dirty = true;
    if (data) this.#chunks.add(ref);
    return data !== undefined;
  }

  /** Deletes a file's bytes, or only those from chunk `from` on. */
  async drop(file: number, from = 0): Promise<void> {
    const count = fileAt(this.manifest, file).chunks.length;
    for (let chunk = from; chunk < count; chunk++) {
      this.#chunks.remove({ file, chunk });
      this.#chunks.endClaim({ file, chunk });
    }
    this.#dirty = true;
    await this.#files.cut(file, from);
  }

  /** Writes the bitmap when it changed; the bytes written. */
  async flush(): Promise<number> {
    if (!this.#dirty) return 0;
    this.#dirty = false;
    const bitmap = this.#chunks.toBytes();
    try {
      await replaceFile(join(this.#directory, "chunks"), bitmap);
    } catch (fault) {
      this.#dirty = true;
      throw fault;
    }
    return bitmap.length;
  }

  async delete(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #readSound(ref: ChunkRef): Promise<Uint8Array | undefined> {
    const data = await this.#files.read(ref);
    return data && sha256(data) === hashOf(this.manifest, ref) ? data : undefined;
  }
}
