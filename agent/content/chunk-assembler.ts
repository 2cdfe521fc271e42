import type { TitleManifest } from "../accounting/messages.ts";
import { sha256 } from "../core/encoding.ts";
import { type ChunkRef, type ChunkRun, chunkLength, hashOf } from "./chunks.ts";

/** Cuts a stream of bytes into the run's chunks and checks each. */
export class ChunkAssembler {
  readonly #manifest: TitleManifest;
  readonly #run: ChunkRun;
  #chunk: number;
  #buffer: Uint8Array;
  #filled = 0;

  constructor(manifest: TitleManifest, run: ChunkRun) {
    this.#manifest = manifest;
    this.#run = run;
    this.#chunk = run.first;
    this.#buffer = this.#bufferFor(run.first);
  }

  /** Chunks that are complete with this piece; without data when the hash does not fit. */
  *push(piece: Uint8Array): Generator<{ readonly ref: ChunkRef; readonly data?: Uint8Array }> {
    let at = 0;
    while (at < piece.length) {
      const part = piece.subarray(at, at + this.#buffer.length - this.#filled);
      if (part.length === 0) return;
      this.#buffer.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === this.#buffer.length) yield this.#finish();
    }
  }

  #finish() {
    const ref = { file: this.#run.file, chunk: this.#chunk };
    const data = this.#buffer;
    this.#chunk++;
    this.#filled = 0;
    this.#buffer = this.#chunk < this.#run.after ? this.#bufferFor(this.#chunk) : new Uint8Array();
    return sha256(data) === hashOf(this.#manifest, ref) ? { ref, data } : { ref };
  }

  #bufferFor(chunk: number): Uint8Array {
    return new Uint8Array(chunkLength(this.#manifest, { file: this.#run.file, chunk }));
  }
}
