/**
 * What a box keeps on flash and what it lets go: S3-FIFO (Yang et al., SOSP 2023) in the flash form
 * of the paper's section 5.4. Files that nobody asked for twice are never written; what came in by
 * placement waits in a small queue until it is asked for; what is asked for lives in a main queue
 * with second chances. Only names and sizes are kept here, no bytes.
 */

interface Entry {
  size: number;
  /** Times asked for since it entered its queue or was spared, at most 3. */
  asked: number;
}

/** The small queue's share of the capacity; the paper's 10 %. */
const SMALL_SHARE = 0.1;
/**
 * A file that left, or was asked for once, is remembered while so many capacities pass by. Half of one
 * writes least without losing hits when popularity drifts (test/bench/cache-writes.ts).
 */
const GHOST_SHARE = 0.5;
const MOST_ASKED = 3;

export class CachePolicy {
  readonly #capacity: number;
  /** Maps iterate in insertion order, so each is a queue with lookup. */
  readonly #small = new Map<string, Entry>();
  readonly #main = new Map<string, Entry>();
  readonly #ghost = new Map<string, number>();
  #smallSize = 0;
  #ghostSize = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** A held file was asked for. */
  hit(key: string): void {
    const entry = this.#small.get(key) ?? this.#main.get(key);
    if (entry) entry.asked = Math.min(MOST_ASKED, entry.asked + 1);
  }

  /** A file that is not held was asked for: is it worth a write to flash? */
  admits(key: string, size: number): boolean {
    if (this.#ghost.has(key)) return true;
    this.#remember(key, size);
    return false;
  }

  /** A file is held now, or holds more (or less) than before. */
  holds(key: string, size: number): void {
    const queue = this.#main.has(key) || this.#ghost.has(key) ? this.#main : this.#small;
    this.#forget(key);
    const entry = queue.get(key);
    if (queue === this.#small) this.#smallSize += size - (entry?.size ?? 0);
    if (entry) entry.size = size;
    else queue.set(key, { size, asked: 0 });
  }

  /** A file was deleted by someone else's decision; it is not remembered. */
  drops(key: string): void {
    this.#smallSize -= this.#small.get(key)?.size ?? 0;
    this.#small.delete(key);
    this.#main.delete(key);
    this.#forget(key);
  }

  /** The victim lost only its tail: what is left of it waits for the next turn. */
  keeps(key: string, size: number): void {
    this.#forget(key);
    this.#small.set(key, { size, asked: 0 });
    this.#smallSize += size;
  }

  /**
   * Chooses what to let go next and takes it out of the queues; undefined when nothing may go.
   * `spared` names files that must stay for now (being served, being written).
   */
  victim(spared: (key: string) => boolean = () => false): string | undefined {
    const small = this.#smallSize > SMALL_SHARE * this.#capacity;
    const first = small ? undefined : this.#fromMain(spared);
    // What was asked for moves from the small queue to the main one, so that one comes last.
    return first ?? this.#fromSmall(spared) ?? this.#fromMain(spared);
  }

  #fromSmall(spared: (key: string) => boolean): string | undefined {
    for (const [key, entry] of this.#small) {
      if (entry.asked > 0) {
        this.#small.delete(key);
        this.#smallSize -= entry.size;
        this.#main.set(key, { size: entry.size, asked: 0 });
      } else if (!spared(key)) {
        this.#small.delete(key);
        this.#smallSize -= entry.size;
        this.#remember(key, entry.size);
        return key;
      }
    }
    return undefined;
  }

  #fromMain(spared: (key: string) => boolean): string | undefined {
    // The walk meets what it puts back again; each turn takes one from a count, so it ends.
    for (const [key, entry] of this.#main) {
      if (entry.asked > 0) {
        this.#main.delete(key);
        this.#main.set(key, { size: entry.size, asked: entry.asked - 1 });
      } else if (!spared(key)) {
        this.#main.delete(key);
        this.#remember(key, entry.size);
        return key;
      }
    }
    return undefined;
  }

  #remember(key: string, size: number): void {
    this.#ghost.set(key, size);
    this.#ghostSize += size;
    for (const [oldest, its] of this.#ghost) {
      if (this.#ghostSize <= GHOST_SHARE * this.#capacity) break;
      this.#ghost.delete(oldest);
      this.#ghostSize -= its;
    }
  }

  #forget(key: string): void {
    this.#ghostSize -= this.#ghost.get(key) ?? 0;
    this.#ghost.delete(key);
  }
}
