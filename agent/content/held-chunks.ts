/**
 * Which chunks of one title are there, in memory. A chunk is held when its bytes were checked in this
 * run or the last stop was clean; it is only claimed when a bitmap on disk says so after an unclean one.
 */
import type { TitleManifest } from "../accounting/messages.ts";
import { Bitmap } from "./bitmap.ts";
import { type ChunkRef, chunkBases, chunkLength, fileAt } from "./chunks.ts";

export class HeldChunks {
  readonly #manifest: TitleManifest;
  readonly #bases: readonly number[];
  readonly #held: Bitmap;
  readonly #claimed: Bitmap;
  readonly #fileBytes: number[];
  #totalBytes: number;
  #claimsLeft: number;

  /** `trust` says that the last stop was clean, so that the bitmap can be believed. */
  constructor(manifest: TitleManifest, onDisk: Bitmap, trust: boolean) {
    this.#manifest = manifest;
    this.#bases = chunkBases(manifest);
    this.#held = trust ? onDisk : new Bitmap(onDisk.length);
    this.#claimed = trust ? new Bitmap(onDisk.length) : onDisk;
    this.#fileBytes = manifest.files.map((_, file) => this.#countHeld(file));
    this.#totalBytes = this.#fileBytes.reduce((sum, size) => sum + size, 0);
    this.#claimsLeft = [...this.#claimed.members()].length;
  }

  has(ref: ChunkRef): boolean {
    return this.#held.has(this.#bit(ref));
  }

  /** True when every byte of [start, end) of a file is held. */
  hasRange(file: number, start: number, end: number): boolean {
    const { chunkSize } = this.#manifest;
    const base = this.#base(file);
    return this.#held.hasAll(
      base + Math.floor(start / chunkSize),
      base + Math.ceil(end / chunkSize),
    );
  }

  get complete(): boolean {
    return this.#held.hasAll(0, this.#held.length);
  }

  bytesOf(file: number): number {
    return this.#fileBytes[file] ?? 0;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** False when it was held before. */
  add(ref: ChunkRef): boolean {
    if (this.has(ref)) return false;
    this.#held.add(this.#bit(ref));
    this.#count(ref, 1);
    return true;
  }

  /** False when it was not held. */
  remove(ref: ChunkRef): boolean {
    if (!this.has(ref)) return false;
    this.#held.delete(this.#bit(ref));
    this.#count(ref, -1);
    return true;
  }

  get claimsLeft(): number {
    return this.#claimsLeft;
  }

  isClaimed(ref: ChunkRef): boolean {
    return this.#claimed.has(this.#bit(ref));
  }

  /** Chunks whose presence is only claimed, in the order of the files. */
  *claims(): Generator<ChunkRef> {
    if (this.#claimsLeft === 0) return;
    for (const [file, { chunks }] of this.#manifest.files.entries()) {
      const base = this.#base(file);
      for (const bit of this.#claimed.members(base, base + chunks.length))
        yield { file, chunk: bit - base };
    }
  }

  /** The claim was looked into, whatever came out; false when there was none. */
  endClaim(ref: ChunkRef): boolean {
    if (!this.isClaimed(ref)) return false;
    this.#claimed.delete(this.#bit(ref));
    this.#claimsLeft--;
    return true;
  }

  /** For the disk. What is still claimed stays claimed there, or an unclean stop would lose it. */
  toBytes(): Uint8Array {
    return this.#held.bytes.map((byte, at) => byte | (this.#claimed.bytes[at] ?? 0));
  }

  #count(ref: ChunkRef, sign: 1 | -1): void {
    const change = sign * chunkLength(this.#manifest, ref);
    this.#fileBytes[ref.file] = this.bytesOf(ref.file) + change;
    this.#totalBytes += change;
  }

  #countHeld(file: number): number {
    const base = this.#base(file);
    let sum = 0;
    for (const bit of this.#held.members(base, base + fileAt(this.#manifest, file).chunks.length))
      sum += chunkLength(this.#manifest, { file, chunk: bit - base });
    return sum;
  }

  #base(file: number): number {
    const base = this.#bases[file];
    if (base === undefined) throw new RangeError(`title has no file ${file}`);
    return base;
  }

  #bit({ file, chunk }: ChunkRef): number {
    if (chunk >= fileAt(this.#manifest, file).chunks.length)
      throw new RangeError(`file ${file} has no chunk ${chunk}`);
    return this.#base(file) + chunk;
  }
}
