/** How a chunk comes into the store: checked against its hash, given room, written. */
import { type Hash, sha256 } from "../core/encoding.ts";
import { errnoOf, reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { type ChunkRef, chunkLength, everyChunk, hashOf } from "./chunks.ts";
import type { FlashSpace } from "./flash-space.ts";
import type { HeldTitle } from "./held-title.ts";

export type PutOutcome =
  | "stored"
  | "known"
  | "unknown-title"
  | "not-in-manifest"
  | "wrong-hash"
  | "budget-spent"
  | "no-space"
  | "disk-fault";

/** What a disk does; anything else is a fault of ours. ENOENT: the title went while it was written. */
const DISK_FAULTS: readonly (string | undefined)[] = ["ENOSPC", "EDQUOT", "EROFS", "EIO", "ENOENT"];

export class ChunkWriter {
  readonly #space: FlashSpace;
  readonly #log: Log;

  constructor(space: FlashSpace, log: Log) {
    this.#space = space;
    this.#log = log;
  }

  /** Stores a chunk wherever the title names its hash. */
  async putEverywhere(held: HeldTitle, hash: Hash, data: Uint8Array): Promise<PutOutcome> {
    const places = [...everyChunk(held.manifest)].filter(
      (ref) => hashOf(held.manifest, ref) === hash,
    );
    if (places.length === 0) return "not-in-manifest";
    let outcome: PutOutcome = "known";
    for (const ref of places) {
      const one = await this.put(held, ref, data);
      if (one !== "known" && one !== "stored") return one;
      if (one === "stored") outcome = one;
    }
    return outcome;
  }

  async put(held: HeldTitle, ref: ChunkRef, data: Uint8Array): Promise<PutOutcome> {
    if (held.has(ref)) return "known";
    const fits = data.length === chunkLength(held.manifest, ref);
    if (!fits || sha256(data) !== hashOf(held.manifest, ref)) return "wrong-hash";
    const room = await this.#space.reserve(held.id, ref.file, data.length);
    if (room !== "taken") return room;
    try {
      await held.write(ref, data);
    } catch (fault) {
      if (!DISK_FAULTS.includes(errnoOf(fault))) throw fault;
      this.#log.warning("chunk not written", { reason: reasonOf(fault) });
      return errnoOf(fault) === "ENOSPC" ? "no-space" : "disk-fault";
    } finally {
      this.#space.release(data.length);
    }
    this.#space.holds(held, ref.file);
    return "stored";
  }
}
