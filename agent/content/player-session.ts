/**
 * One title being played: chunks in memory for the player, and a plan of what is needed next and by
 * when, which the fetcher follows.
 */
import type { TitleManifest } from "../accounting/messages.ts";
import { type Milliseconds, milliseconds, seconds } from "../core/units.ts";
import { type ChunkRef, chunkLength, fileAt } from "./chunks.ts";
import { type FetcherOptions, TitleFetcher } from "./fetcher.ts";
import type { TimedFile } from "./timeline.ts";
import { Wake } from "./wake.ts";

export interface PlayerSessionOptions extends Omit<FetcherOptions, "deliver"> {
  /** Bytes kept in memory for the player, at most. */
  readonly memory: number;
  /** A player waits this long for a chunk before it gets an error. */
  readonly patience?: Milliseconds | undefined;
  /** Chunks of the box's own store, where the gateway runs on a box. */
  readonly local?: ((ref: ChunkRef) => Promise<Uint8Array | undefined>) | undefined;
}

const PATIENCE = seconds(30);
/** Progressive files of unknown bit rate are planned as this many bytes a second. */
const ASSUMED_RATE = 1_000_000;
/** How far ahead of the player to fetch, in playing time, within half of the memory. */
const AHEAD_SECONDS = 60;
/** What the player asks for now should be there by then. */
const AT_ONCE = milliseconds(500);

export class PlayerSession {
  readonly fetcher: TitleFetcher;
  readonly #options: PlayerSessionOptions;
  readonly #manifest: TitleManifest;
  /** Oldest use first. */
  readonly #chunks = new Map<string, Uint8Array>();
  readonly #waiting = new Map<string, number>();
  readonly #arrived = new Wake();
  readonly #over = new AbortController();
  readonly #running: Promise<void>;
  #planned = new Map<string, ChunkRef>();
  #sequences: (readonly TimedFile[])[] = [];
  #memory = 0;

  constructor(options: PlayerSessionOptions) {
    this.#options = options;
    this.#manifest = options.title.body;
    this.fetcher = new TitleFetcher({
      ...options,
      deliver: async (ref, data) => this.#keep(ref, data),
    });
    this.#running = this.fetcher.run(this.#over.signal);
  }

  /** Segments follow each other: reading one fetches the next ones ahead. */
  addSequence(sequence: readonly TimedFile[]): void {
    const known = this.#sequences.some((other) => other[0]?.file === sequence[0]?.file);
    if (!known && sequence.length > 0) this.#sequences.push(sequence);
  }

  /** A verified chunk; undefined when it does not come in time or the signal aborts. */
  async chunk(ref: ChunkRef, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const key = keyOf(ref);
    this.#plan(ref);
    const local = this.#chunks.has(key) ? undefined : await this.#options.local?.(ref);
    if (local) return local;
    this.#waiting.set(key, (this.#waiting.get(key) ?? 0) + 1);
    try {
      return await this.#await(ref, signal);
    } finally {
      const waiting = (this.#waiting.get(key) ?? 1) - 1;
      if (waiting > 0) this.#waiting.set(key, waiting);
      else this.#waiting.delete(key);
    }
  }

  /** Ends fetching; the boxes get their last receipts before it resolves. */
  async close(): Promise<void> {
    this.#over.abort();
    await this.#running;
  }

  async #await(ref: ChunkRef, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const { clock } = this.#options;
    const until = clock.monotonicMs() + (this.#options.patience ?? PATIENCE);
    while (!signal.aborted && !this.#over.signal.aborted) {
      const data = this.#use(keyOf(ref));
      if (data) return data;
      const left = until - clock.monotonicMs();
      if (left <= 0) return undefined;
      // It may have come and been let go while other readers filled the memory.
      this.fetcher.want(ref, milliseconds(clock.monotonicMs() + AT_ONCE));
      const limit = new AbortController();
      await Promise.race([
        this.#arrived.wait(AbortSignal.any([signal, limit.signal])),
        clock.sleep(milliseconds(left), limit.signal),
      ]);
      limit.abort();
    }
    return undefined;
  }

  /** Wants what follows the position by the time it is played, and no longer what no longer follows. */
  #plan(at: ChunkRef): void {
    const now = this.#options.clock.monotonicMs();
    const next = new Map<string, ChunkRef>();
    let room = this.#options.memory / 2;
    for (const { ref, after } of this.#following(at)) {
      room -= chunkLength(this.#manifest, ref);
      if ((room < 0 && next.size > 0) || after > AHEAD_SECONDS) break;
      next.set(keyOf(ref), ref);
      if (this.#chunks.has(keyOf(ref))) continue;
      this.fetcher.want(ref, milliseconds(now + AT_ONCE + after * 1000));
    }
    for (const [key, ref] of this.#planned)
      if (!next.has(key) && !this.#waiting.has(key)) this.fetcher.unwant(ref);
    this.#planned = next;
  }

  /** Chunks from a position on, with the seconds until they are played. */
  *#following(at: ChunkRef): Generator<{ readonly ref: ChunkRef; readonly after: number }> {
    const sequence = this.#sequences.find((each) => each.some((timed) => timed.file === at.file));
    const position = sequence?.findIndex((timed) => timed.file === at.file) ?? -1;
    const own = sequence?.[position];
    let after = 0;
    yield* this.#chunksOf(at.file, at.chunk, 0, own?.seconds);
    after += own?.seconds ?? 0;
    for (const timed of sequence?.slice(position + 1) ?? []) {
      yield* this.#chunksOf(timed.file, 0, after, timed.seconds);
      after += timed.seconds;
    }
  }

  *#chunksOf(file: number, from: number, after: number, lasts: number | undefined) {
    const { size, chunks } = fileAt(this.#manifest, file);
    const rate = lasts ? size / lasts : ASSUMED_RATE;
    for (let chunk = from; chunk < chunks.length; chunk++)
      yield {
        ref: { file, chunk },
        after: after + ((chunk - from) * this.#manifest.chunkSize) / rate,
      };
  }

  #use(key: string): Uint8Array | undefined {
    const data = this.#chunks.get(key);
    if (!data) return undefined;
    this.#chunks.delete(key);
    this.#chunks.set(key, data);
    return data;
  }

  #keep(ref: ChunkRef, data: Uint8Array): void {
    this.#chunks.set(keyOf(ref), data);
    this.#memory += data.length;
    for (const [key, old] of this.#chunks) {
      if (this.#memory <= this.#options.memory) break;
      if (this.#waiting.has(key) || this.#planned.has(key)) continue;
      this.#chunks.delete(key);
      this.#memory -= old.length;
    }
    this.#arrived.notify();
  }
}

const keyOf = (ref: ChunkRef) => `${ref.file}/${ref.chunk}`;
