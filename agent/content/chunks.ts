/**
 * Where a title's chunks lie. Chunks never span files: each file is cut into pieces of the manifest's
 * chunk size, the last one shorter, and a piece is named by (file index, chunk index).
 */
import { createHash } from "node:crypto";
import type { TitleFile, TitleManifest } from "../accounting/messages.ts";
import type { Hash } from "../core/encoding.ts";
import { fromHex, toHex } from "../core/encoding.ts";
import type { Bytes } from "../core/units.ts";

export interface ChunkRef {
  readonly file: number;
  readonly chunk: number;
}

export const chunkCount = (size: number, chunkSize: number) => Math.ceil(size / chunkSize);

/** The half-open byte range of a chunk in its file. */
export function chunkRange(file: TitleFile, chunkSize: number, chunk: number) {
  const start = chunk * chunkSize;
  return { start, end: Math.min(file.size, start + chunkSize) };
}

export function chunkLength(manifest: TitleManifest, ref: ChunkRef): number {
  const { start, end } = chunkRange(fileAt(manifest, ref.file), manifest.chunkSize, ref.chunk);
  return end - start;
}

/** Consecutive chunks of one file: [first, after). */
export interface ChunkRun {
  readonly file: number;
  readonly first: number;
  readonly after: number;
}

export function* refsOf(run: ChunkRun): Generator<ChunkRef> {
  for (let chunk = run.first; chunk < run.after; chunk++) yield { file: run.file, chunk };
}

export function runLength(manifest: TitleManifest, run: ChunkRun): number {
  const { end } = chunkRange(fileAt(manifest, run.file), manifest.chunkSize, run.after - 1);
  return end - run.first * manifest.chunkSize;
}

export function fileAt(manifest: TitleManifest, index: number): TitleFile {
  const file = manifest.files[index];
  if (!file) throw new RangeError(`title has no file ${index}`);
  return file;
}

export function hashOf(manifest: TitleManifest, ref: ChunkRef): Hash {
  const hash = fileAt(manifest, ref.file).chunks[ref.chunk];
  if (!hash) throw new RangeError(`file ${ref.file} has no chunk ${ref.chunk}`);
  return hash;
}

/** For each file the number of chunks in the files before it: chunk numbering over the whole title. */
export function chunkBases(manifest: TitleManifest): readonly number[] {
  let base = 0;
  return manifest.files.map((file) => {
    const own = base;
    base += file.chunks.length;
    return own;
  });
}

export const totalSize = (manifest: TitleManifest) =>
  manifest.files.reduce((sum, file) => sum + file.size, 0) as Bytes;

export const totalChunks = (manifest: TitleManifest) =>
  manifest.files.reduce((sum, file) => sum + file.chunks.length, 0);

/** Every chunk of a title in file order. */
export function* everyChunk(manifest: TitleManifest): Generator<ChunkRef> {
  for (const [file, { chunks }] of manifest.files.entries())
    for (let chunk = 0; chunk < chunks.length; chunk++) yield { file, chunk };
}

/** A strong validator: two files have the same one only when all their chunks are the same. */
export function fileEtag(file: TitleFile): string {
  const digest = createHash("sha256");
  for (const hash of file.chunks) digest.update(fromHex(hash));
  return `"${toHex(digest.digest().subarray(0, 16))}"`;
}
