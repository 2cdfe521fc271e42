/**
 * Which box fetches which chunk next. Pure bookkeeping: chunks are wanted, taken, done or given back;
 * the earliest deadline goes first, then what fewest boxes have, then file order.
 */
import type { TitleManifest } from "../accounting/messages.ts";
import type { PublicKey } from "../core/encoding.ts";
import { type ChunkRef, type ChunkRun, chunkLength, refsOf } from "./chunks.ts";

/** A box as the schedule sees it at the moment it asks for work. */
export interface Source {
  readonly id: PublicKey;
  /** Bytes per second it gave lately. */
  readonly rate: number;
  /** Most bytes for one request. */
  readonly most: number;
  /** Unpaid origin: only for what no box can give in time. */
  readonly lastResort: boolean;
  lacks(ref: ChunkRef): boolean;
}

interface Wanted {
  readonly ref: ChunkRef;
  deadline: number;
  /** When each box that fetches it should be done. */
  readonly holders: Map<PublicKey, number>;
}

/** A chunk that no box will bring by its deadline is asked of the origin this long before. */
const RESCUE_MS = 2_500;
/** What is needed within this time is asked for chunk by chunk, so that all boxes bring some of it. */
const SPREAD_MS = 3_000;
/** So few free chunks for each box mean that the end is near. */
const SPREAD_CHUNKS = 4;
/** A second copy is asked for when it should come in this part of the time the first still takes. */
const WORTH_A_COPY = 0.5;
/** Bytes fetched twice: at most this share of what came, and a little to begin with. */
const COPIES_SHARE = 0.05;
const FREE_COPIES = 1024 * 1024;

export class Schedule {
  readonly #manifest: TitleManifest;
  readonly #wanted = new Map<string, Wanted>();
  #doneBytes = 0;
  #copiedBytes = 0;

  constructor(manifest: TitleManifest) {
    this.#manifest = manifest;
  }

  get size(): number {
    return this.#wanted.size;
  }

  /** Wanting a chunk again can only bring its deadline forward. */
  want(ref: ChunkRef, deadline = Number.POSITIVE_INFINITY): void {
    const known = this.#wanted.get(keyOf(ref));
    if (known) known.deadline = Math.min(known.deadline, deadline);
    else this.#wanted.set(keyOf(ref), { ref, deadline, holders: new Map() });
  }

  unwant(ref: ChunkRef): void {
    this.#wanted.delete(keyOf(ref));
  }

  wants(ref: ChunkRef): boolean {
    return this.#wanted.has(keyOf(ref));
  }

  /** True for the first copy that arrives; a later one is not wanted any more. */
  done(ref: ChunkRef): boolean {
    if (!this.#wanted.delete(keyOf(ref))) return false;
    this.#doneBytes += chunkLength(this.#manifest, ref);
    return true;
  }

  /** The box no longer fetches what is left of a run. */
  release(run: ChunkRun, id: PublicKey): void {
    for (const ref of refsOf(run)) this.#wanted.get(keyOf(ref))?.holders.delete(id);
  }

  /** Work for a box, marked as taken; undefined when there is none for it now. */
  take(source: Source, sources: readonly Source[], now: number): ChunkRun | undefined {
    const open = [...this.#wanted.values()].filter(
      (wanted) => !wanted.holders.has(source.id) && !source.lacks(wanted.ref),
    );
    const boxes = sources.filter((other) => !other.lastResort);
    const chosen = source.lastResort
      ? firstOf(open, (wanted) => this.#needsRescue(wanted, boxes, now))
      : (this.#late(open, source, now) ??
        this.#free(open, source, boxes, now) ??
        this.#copy(open, source, now));
    if (!chosen) return undefined;
    const free = open.filter((wanted) => wanted.holders.size === 0).length;
    // What is needed soon, and what is left at the end, is spread over all boxes, a chunk to each.
    const single =
      chosen.holders.size > 0 ||
      chosen.deadline - now < SPREAD_MS ||
      free <= SPREAD_CHUNKS * boxes.length;
    return this.#run(chosen, source, single, now);
  }

  /** Held by a box that will miss the deadline, where this one might not. */
  #late(open: readonly Wanted[], source: Source, now: number): Wanted | undefined {
    return firstOf(open, (wanted) => {
      const [finish] = wanted.holders.values();
      if (finish === undefined || wanted.holders.size > 1) return false;
      if (finish <= wanted.deadline || wanted.deadline - now > RESCUE_MS) return false;
      return this.#finish(wanted, source, now) < finish;
    });
  }

  /** Nobody fetches it yet: by deadline, then rarity, skipping what this box would bring too late. */
  #free(
    open: readonly Wanted[],
    source: Source,
    boxes: readonly Source[],
    now: number,
  ): Wanted | undefined {
    const free = open.filter((wanted) => wanted.holders.size === 0);
    const rarity = new Map(
      free.map((wanted) => [wanted, boxes.filter((box) => !box.lacks(wanted.ref)).length]),
    );
    free.sort(
      (a, b) =>
        a.deadline - b.deadline ||
        (rarity.get(a) ?? 0) - (rarity.get(b) ?? 0) ||
        a.ref.file - b.ref.file ||
        a.ref.chunk - b.ref.chunk,
    );
    return free.find((wanted) => !this.#leaves(wanted, source, boxes, now)) ?? free[0];
  }

  /** True when this box would be late with a chunk that another would bring in time. */
  #leaves(wanted: Wanted, source: Source, boxes: readonly Source[], now: number): boolean {
    if (this.#finish(wanted, source, now) <= wanted.deadline) return false;
    return boxes.some(
      (other) => !other.lacks(wanted.ref) && this.#finish(wanted, other, now) <= wanted.deadline,
    );
  }

  /** Endgame: a second copy of what would else come much later. */
  #copy(open: readonly Wanted[], source: Source, now: number): Wanted | undefined {
    if (this.#copiedBytes > FREE_COPIES + COPIES_SHARE * this.#doneBytes) return undefined;
    const slowest = open
      .filter((wanted) => wanted.holders.size === 1)
      .map((wanted) => ({ wanted, finish: Math.max(...wanted.holders.values()) }))
      .sort((a, b) => b.finish - a.finish)[0];
    if (!slowest) return undefined;
    const mine = this.#finish(slowest.wanted, source, now) - now;
    return mine < WORTH_A_COPY * (slowest.finish - now) || slowest.finish < now
      ? slowest.wanted
      : undefined;
  }

  /** Only the origin can bring it, or only the origin in time. */
  #needsRescue(wanted: Wanted, boxes: readonly Source[], now: number): boolean {
    if (wanted.holders.size > 1) return false;
    if (wanted.holders.size === 0 && boxes.every((box) => box.lacks(wanted.ref))) return true;
    if (wanted.deadline - now > RESCUE_MS) return false;
    const [finish] = wanted.holders.values();
    return finish === undefined ? wanted.deadline - now < RESCUE_MS / 2 : finish > wanted.deadline;
  }

  #run(chosen: Wanted, source: Source, single: boolean, now: number): ChunkRun {
    const { file, chunk } = chosen.ref;
    let after = chunk + 1;
    let size = chunkLength(this.#manifest, chosen.ref);
    this.#take(chosen, source, size, now);
    if (chosen.holders.size > 1) this.#copiedBytes += size;
    while (!single) {
      const next = this.#wanted.get(keyOf({ file, chunk: after }));
      if (!next || next.holders.size > 0 || source.lacks(next.ref)) break;
      size += chunkLength(this.#manifest, next.ref);
      if (size > source.most) break;
      this.#take(next, source, size, now);
      after++;
    }
    return { file, first: chunk, after };
  }

  #take(wanted: Wanted, source: Source, size: number, now: number): void {
    wanted.holders.set(source.id, now + (size / source.rate) * 1000);
  }

  #finish(wanted: Wanted, source: Source, now: number): number {
    return now + (chunkLength(this.#manifest, wanted.ref) / source.rate) * 1000;
  }
}

const keyOf = (ref: ChunkRef) => `${ref.file}/${ref.chunk}`;

/** The one with the earliest deadline that passes. */
function firstOf(open: readonly Wanted[], passes: (wanted: Wanted) => boolean): Wanted | undefined {
  let first: Wanted | undefined;
  for (const wanted of open)
    if ((!first || wanted.deadline < first.deadline) && passes(wanted)) first = wanted;
  return first;
}
