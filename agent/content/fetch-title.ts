import type { TitleManifest } from "../accounting/messages.ts";
import { exitCode, OperatorError } from "../core/errors.ts";
import { type Bytes, bytes, type Milliseconds, milliseconds, seconds } from "../core/units.ts";
import type { PutOutcome } from "./chunk-writer.ts";
import { type ChunkRef, chunkLength, everyChunk } from "./chunks.ts";
import { type Destination, toStore } from "./destination.ts";
import type { BoxTally } from "./fetch-tally.ts";
import { type FetcherOptions, TitleFetcher } from "./fetcher.ts";
import type { ContentStore } from "./store.ts";
import { Wake } from "./wake.ts";

export interface FetchProgress {
  readonly done: Bytes;
  /** Of `done`, bytes that were there before. */
  readonly resumed: Bytes;
  readonly size: Bytes;
  readonly boxes: readonly Readonly<BoxTally>[];
}

export interface FetchSummary extends FetchProgress {
  /** `complete`, or why the destination took no more. */
  readonly end: "complete" | "stopped" | PutOutcome;
  /** Until the last byte was kept; the last receipts go out after it. */
  readonly took: Milliseconds;
}

export interface FetchTitleOptions extends Omit<FetcherOptions, "deliver"> {
  readonly destination: Destination;
  /** Only these files of the title; all when absent. */
  readonly files?: ReadonlySet<number>;
  /** Called several times a second, and at the end. */
  readonly onProgress?: (progress: FetchProgress) => void;
  /** Gives up after so long without a byte. */
  readonly patience?: Milliseconds;
}

/** Chunks planned ahead: enough that every box finds work, few enough to plan quickly. */
const PLANNED = 192;
const PROGRESS_PERIOD = milliseconds(200);
const PATIENCE = seconds(60);

/**
 * Fetches a whole title. Resolves when it is complete, the signal aborts or the destination is full;
 * throws an OperatorError when nothing comes for too long, saying why.
 */
export async function fetchTitle(
  options: FetchTitleOptions,
  signal: AbortSignal,
): Promise<FetchSummary> {
  const { clock } = options;
  const started = clock.monotonicMs();
  const session = new Session(options);
  const over = new AbortController();
  const both = AbortSignal.any([signal, over.signal]);
  const running = session.fetcher.run(both);
  try {
    await session.feed(both);
    const end = signal.aborted ? "stopped" : session.end;
    if (end === "complete") await options.destination.finish();
    const took = milliseconds(clock.monotonicMs() - started);
    over.abort();
    await running;
    options.onProgress?.(session.progress);
    return { ...session.progress, end, took };
  } finally {
    over.abort();
    await running;
    await options.destination.close();
  }
}

/** Fills a box's store with a title, or some of its files; the box is a viewer like any other. */
export async function fillTitle(
  options: Omit<FetchTitleOptions, "destination"> & { readonly store: ContentStore },
  signal: AbortSignal,
): Promise<FetchSummary | "household" | "takedown"> {
  const added = await options.store.addManifest(options.title);
  if (added === "household" || added === "takedown") return added;
  return fetchTitle({ ...options, destination: toStore(options.store, options.title) }, signal);
}

class Session {
  readonly fetcher: TitleFetcher;
  end: "complete" | PutOutcome = "complete";
  readonly #options: FetchTitleOptions;
  readonly #wake = new Wake();
  readonly #size: number;
  #done = 0;
  #resumed = 0;
  #fault: unknown;
  #progressAt: Milliseconds;

  constructor(options: FetchTitleOptions) {
    this.#options = options;
    this.#size = sizeOf(options.title.body, options.files);
    this.#progressAt = options.clock.monotonicMs();
    this.fetcher = new TitleFetcher({
      ...options,
      deliver: (ref, data) => this.#deliver(ref, data),
    });
  }

  get progress(): FetchProgress {
    return {
      done: bytes(this.#done),
      resumed: bytes(this.#resumed),
      size: bytes(this.#size),
      boxes: this.fetcher.tally.boxes,
    };
  }

  /** Wants chunk after chunk, a window ahead of what has come, until all are there. */
  async feed(signal: AbortSignal): Promise<void> {
    const { title, files, destination } = this.#options;
    this.#report(signal);
    for (const ref of everyChunk(title.body)) {
      if (files && !files.has(ref.file)) continue;
      if (await destination.has(ref)) {
        this.#resumed += chunkLength(title.body, ref);
        this.#done += chunkLength(title.body, ref);
        this.#progressAt = this.#options.clock.monotonicMs();
        continue;
      }
      this.fetcher.want(ref);
      await this.#until(() => this.fetcher.wanted < PLANNED, signal);
      if (signal.aborted || this.end !== "complete") return;
    }
    await this.#until(() => this.#done >= this.#size, signal);
  }

  async #until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    const { clock, patience = PATIENCE } = this.#options;
    while (!condition() && !signal.aborted && this.end === "complete") {
      if (this.#fault !== undefined) throw this.#fault;
      const idle = clock.monotonicMs() - this.#progressAt;
      if (idle > patience)
        throw new OperatorError(
          exitCode.unavailable,
          `Nothing of "${this.#options.title.body.name}" came for ${Math.round(patience / 1000)} s (${this.fetcher.trouble ?? "all boxes are silent"}): try again later.`,
        );
      await Promise.race([this.#wake.wait(signal), clock.sleep(seconds(1), signal)]);
    }
    if (this.#fault !== undefined) throw this.#fault;
  }

  async #deliver(ref: ChunkRef, data: Uint8Array): Promise<void> {
    try {
      const refused = await this.#options.destination.put(ref, data);
      if (refused) this.end = refused;
      else this.#done += data.length;
    } catch (fault) {
      // Faults of the disk belong to whoever asked for the title, not to the box's lane.
      this.#fault ??= fault;
    }
    this.#progressAt = this.#options.clock.monotonicMs();
    this.#wake.notify();
  }

  #report(signal: AbortSignal): void {
    const { clock, onProgress } = this.#options;
    if (!onProgress) return;
    const loop = async () => {
      while (!signal.aborted) {
        onProgress(this.progress);
        await clock.sleep(PROGRESS_PERIOD, signal);
      }
    };
    void loop();
  }
}

const sizeOf = (manifest: TitleManifest, files: ReadonlySet<number> | undefined) =>
  manifest.files.reduce((sum, file, at) => sum + (files && !files.has(at) ? 0 : file.size), 0);
