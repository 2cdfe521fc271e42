/**
 * A file of nothing that takes up room while there is some: on a full disk even deleting rows needs
 * space, and giving the ballast back is what lets the journal go on until the cache has made room.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import type { Bytes } from "../core/units.ts";

const BLOCK = new Uint8Array(64 * 1024);

export class Ballast {
  readonly #path: string;
  readonly #size: Bytes;

  constructor(path: string, size: Bytes) {
    this.#path = path;
    this.#size = size;
  }

  get held(): boolean {
    return (statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0) >= this.#size;
  }

  /** Is there as much room again beside it? Else the next write would have it given back at once. */
  get fits(): boolean {
    const { bavail, bsize } = statfsSync(dirname(this.#path));
    return bavail * bsize >= 2 * this.#size;
  }

  /** Takes the space, for real: zeros are written, because a hole holds nothing. Throws when full. */
  take(): void {
    if (this.held) return;
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    const file = openSync(this.#path, "w", 0o600);
    try {
      // Of a block that only fits in part the kernel writes that part, and no fault is seen until the next.
      for (let done = 0; done < this.#size; )
        done += writeSync(file, BLOCK, 0, Math.min(BLOCK.length, this.#size - done));
      fsyncSync(file);
    } catch (fault) {
      rmSync(this.#path, { force: true });
      throw fault;
    } finally {
      closeSync(file);
    }
  }

  /** True when there was something to give back. */
  free(): boolean {
    const held = statSync(this.#path, { throwIfNoEntry: false }) !== undefined;
    rmSync(this.#path, { force: true });
    return held;
  }
}
