/**
 * The box's content on flash: verified chunks of signed titles, bounded in space and in writes a
 * day. The origin uses the same store without bounds.
 */
import type { Environment, Sealed, TitleManifest } from "../accounting/messages.ts";
import type { Clock } from "../core/clock.ts";
import type { Hash } from "../core/encoding.ts";
import { exitCode, OperatorError, reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { every, type Part } from "../core/part.ts";
import { type Bytes, bytes, type Milliseconds, seconds } from "../core/units.ts";
import { ChunkWriter, type PutOutcome } from "./chunk-writer.ts";
import { type ChunkRef, everyChunk, fileAt, hashOf, totalSize } from "./chunks.ts";
import type { ContentFile, ContentSource } from "./content-source.ts";
import { FlashSpace } from "./flash-space.ts";
import { HeldTitle } from "./held-title.ts";
import type { RefusalList, RefusedBy } from "./refusal-list.ts";
import { openStoreFiles, type StoreFiles } from "./store-files.ts";
import { verifyClaimsOf } from "./verify-claims.ts";
import { WriteBudget } from "./write-budget.ts";

const FLUSH_PERIOD = seconds(10);

export interface StoreOptions {
  readonly directory: string;
  /** Undefined where nothing is ever let go, as in the origin. */
  readonly capacity?: Bytes | undefined;
  readonly dailyWrites?: Bytes | undefined;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly log: Log;
}

export interface HeldSummary {
  readonly title: Hash;
  readonly manifest: TitleManifest;
  readonly held: Bytes;
  readonly size: Bytes;
  readonly complete: boolean;
  /** Monotonic time somebody last asked for it in this run. */
  readonly lastAsked?: Milliseconds;
}

export class ContentStore implements ContentSource, Part, AsyncDisposable {
  readonly name = "content-store";
  readonly #options: StoreOptions;
  readonly #files: StoreFiles;
  readonly #titles: Map<Hash, HeldTitle>;
  readonly #refusals: RefusalList;
  readonly #budget: WriteBudget;
  readonly #space: FlashSpace;
  readonly #writer: ChunkWriter;
  #flushing: Promise<unknown> = Promise.resolve();
  #damaged = 0;

  private constructor(options: StoreOptions, found: Awaited<ReturnType<typeof openStoreFiles>>) {
    const daily = options.dailyWrites ?? bytes(Number.POSITIVE_INFINITY);
    this.#options = options;
    this.#files = found.files;
    this.#titles = found.titles;
    this.#refusals = found.refusals;
    this.#budget = new WriteBudget(daily, options.clock, found.budget);
    this.#space = new FlashSpace({ ...options, titles: found.titles, budget: this.#budget });
    this.#writer = new ChunkWriter(this.#space, options.log);
  }

  /** Throws an OperatorError when the directory cannot be used. */
  static async open(options: StoreOptions): Promise<ContentStore> {
    try {
      return new ContentStore(options, await openStoreFiles(options));
    } catch (cause) {
      throw new OperatorError(
        exitCode.ioError,
        `Cannot use the content directory ${options.directory} (${reasonOf(cause)}): make it writable or name another one.`,
        { cause },
      );
    }
  }

  // --- What peers and the gateway read ---

  open(title: Hash, path: string): ContentFile | undefined {
    const held = this.#titles.get(title);
    const fileIndex = held?.indexOf(path);
    if (!held || fileIndex === undefined) return undefined;
    const file = fileAt(held.manifest, fileIndex);
    return {
      diskPath: held.diskPath(fileIndex),
      size: file.size,
      mediaType: file.mediaType,
      etag: held.etags[fileIndex] ?? "",
      manifest: held.manifest,
      fileIndex,
      holds: (start, end) => held.holds(fileIndex, start, end),
    };
  }

  touch(title: Hash, fileIndex: number, start: number, end: number): void {
    const held = this.#titles.get(title);
    if (held) this.#space.asked(held, fileIndex, held.holds(fileIndex, start, end));
  }

  /** Files that were asked for often enough to be worth fetching; each is named once. */
  takeWanted(): readonly { readonly title: Hash; readonly file: number }[] {
    return this.#space.takeWanted();
  }

  manifest(title: Hash): Sealed<"manifest"> | undefined {
    return this.#titles.get(title)?.sealed;
  }

  has(title: Hash, ref: ChunkRef): boolean {
    return this.#titles.get(title)?.has(ref) ?? false;
  }

  /** A held chunk, its hash checked now; a damaged one is dropped and undefined. */
  async readChunk(title: Hash, ref: ChunkRef): Promise<Uint8Array | undefined> {
    return this.#titles.get(title)?.read(ref);
  }

  titles(): readonly HeldSummary[] {
    return [...this.#titles.values()].map((title) => this.#summary(title));
  }

  /** Chunks of this run that were not what they should be, and were dropped for it. */
  get damagedChunks(): number {
    return this.#damaged;
  }

  get usedBytes(): Bytes {
    return bytes(this.#space.used);
  }

  get writtenBytes(): Bytes {
    return this.#budget.written;
  }

  get writesLeftToday(): Bytes {
    return this.#budget.left;
  }

  // --- What the fetcher and the origin write ---

  /** Makes room for a title's chunks. Refused when the household or a takedown said so. */
  async addManifest(sealed: Sealed<"manifest">): Promise<"added" | "known" | RefusedBy> {
    const refused = this.#refusals.refusedBy(sealed.hash);
    if (refused) return refused;
    if (this.#titles.has(sealed.hash)) return "known";
    const title = await HeldTitle.create(this.#files.directoryOf(sealed.hash), sealed);
    const refusedMeanwhile = this.#refusals.refusedBy(sealed.hash);
    if (refusedMeanwhile) {
      await title.delete();
      return refusedMeanwhile;
    }
    this.#budget.charge(sealed.bytes.length);
    this.#titles.set(sealed.hash, title);
    return "added";
  }

  /** Stores a chunk wherever the title names its hash. */
  async putChunk(title: Hash, hash: Hash, data: Uint8Array): Promise<PutOutcome> {
    const held = this.#titles.get(title);
    return held ? this.#writer.putEverywhere(held, hash, data) : "unknown-title";
  }

  /** Checks the hash, makes space within the budget, writes. */
  async putChunkAt(title: Hash, ref: ChunkRef, data: Uint8Array): Promise<PutOutcome> {
    const held = this.#titles.get(title);
    return held ? this.#writer.put(held, ref, data) : "unknown-title";
  }

  complete(title: Hash): boolean {
    return this.#titles.get(title)?.complete ?? false;
  }

  /** Hashes of chunks that are not held, each once. */
  missing(title: Hash, limit: number): readonly Hash[] {
    const held = this.#titles.get(title);
    const hashes = new Set<Hash>();
    for (const ref of held ? everyChunk(held.manifest) : []) {
      if (hashes.size >= limit) break;
      if (held && !held.has(ref)) hashes.add(hashOf(held.manifest, ref));
    }
    return [...hashes];
  }

  // --- What the household and the coordinator decide ---

  /** Titles that are not let go to make room, because they would only be fetched again. */
  keep(titles: readonly Hash[]): void {
    this.#space.keep(titles);
  }

  /** Deletes a title's bytes; it may come again. False when it was not held. */
  async delete(title: Hash): Promise<boolean> {
    const held = this.#titles.get(title);
    if (!held) return false;
    this.#titles.delete(title);
    this.#space.drops(held);
    await held.delete();
    return true;
  }

  /** Deletes a title and never takes it again, unless a household's own block is lifted. */
  async refuse(title: Hash, by: RefusedBy): Promise<void> {
    await this.refuseAll([title], by);
  }

  /** The same for many, for one write to the list on disk. */
  async refuseAll(titles: readonly Hash[], by: RefusedBy): Promise<void> {
    const listed = this.#list(titles, by);
    for (const title of titles)
      if (await this.delete(title)) this.#options.log.notice("title deleted", { title, by });
    // Where the disk was full there may be room now.
    if (!listed) this.#refusals.add(titles, by, () => undefined);
  }

  /** False when the disk did not take the list; what it names is refused in this run all the same. */
  #list(titles: readonly Hash[], by: RefusedBy): boolean {
    try {
      this.#refusals.add(titles, by, (title) => this.#titles.get(title)?.manifest.name);
      return true;
    } catch (fault) {
      this.#options.log.warning("refused titles not written", { reason: reasonOf(fault) });
      return false;
    }
  }

  /** Lifts the household's block; false when there was none. */
  allow(title: Hash): boolean {
    return this.#refusals.lift(title);
  }

  refused(by: RefusedBy): readonly Hash[] {
    return this.#refusals.list(by);
  }

  /** What a refused title was called, where it was held when it was refused. */
  refusedName(title: Hash): string | undefined {
    return this.#refusals.nameOf(title);
  }

  // --- Life ---

  /** Verifies what an unclean stop left in doubt, then keeps the bitmaps on disk close behind. */
  async run(signal: AbortSignal): Promise<void> {
    await this.verifyClaims(signal);
    const { clock, log } = this.#options;
    await every(FLUSH_PERIOD, () => this.flush(), { clock, log, signal, name: this.name });
  }

  /** Hashes all claimed chunks; ends early when the signal aborts. */
  async verifyClaims(signal: AbortSignal): Promise<{ readonly dropped: number }> {
    let dropped = 0;
    for (const title of this.#titles.values())
      dropped += await verifyClaimsOf(title, ({ file }) => this.#space.holds(title, file), signal);
    this.#damaged += dropped;
    if (dropped > 0) this.#options.log.warning("damaged chunks dropped", { chunks: dropped });
    return { dropped };
  }

  /** Brings the bitmaps and the budget on disk up to date; one at a time, as each replaces files. */
  flush(): Promise<void> {
    const turn = this.#flushing.then(() => this.#flushNow());
    this.#flushing = turn.catch(() => undefined);
    return turn;
  }

  async #flushNow(): Promise<void> {
    for (const title of this.#titles.values()) this.#budget.charge(await title.flush());
    await this.#files.saveBudget(this.#budget.save());
  }

  /** A clean stop: the bitmaps on disk can be believed at the next start, if they could be written. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#space.settled;
    try {
      await this.flush();
      const inDoubt = [...this.#titles.values()].some((title) => title.claimsLeft > 0);
      if (!inDoubt) await this.#files.markClean();
    } catch (fault) {
      const { log } = this.#options;
      log.warning("content will be verified at the next start", { reason: reasonOf(fault) });
    }
  }

  #summary(title: HeldTitle): HeldSummary {
    const lastAsked = this.#space.lastAsked(title);
    return {
      title: title.id,
      manifest: title.manifest,
      held: bytes(title.totalHeldBytes),
      size: totalSize(title.manifest),
      complete: title.complete,
      ...(lastAsked !== undefined && { lastAsked }),
    };
  }
}
