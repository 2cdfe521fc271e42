/**
 * A title while somebody plays it: its bytes by position, what its playlists say of time, and the
 * plays that creators are paid for, told from what really reached the player.
 */
import { seal } from "../accounting/envelope.ts";
import type { Environment, Play, Sealed } from "../accounting/messages.ts";
import { type Id, toHex } from "../core/encoding.ts";
import { milliseconds, seconds, toUnixSeconds } from "../core/units.ts";
import { fileAt } from "./chunks.ts";
import { isPlaylist } from "./media-type.ts";
import { PlayMeter } from "./play-meter.ts";
import { PlayerSession, type PlayerSessionOptions } from "./player-session.ts";
import type { Playlist } from "./playlist.ts";
import { mediaSeconds, segmentsOf, type TimedFile } from "./timeline.ts";

export interface PlayedTitleOptions extends PlayerSessionOptions {
  /** Sends a play to the coordinator; called once for each thing that was played. */
  readonly tell: (play: Sealed<"play">) => Promise<void>;
  readonly environment: Environment;
}

/** Shorter plays are not worth telling; the coordinator publishes the minimum that counts. */
const SHORTEST_PLAY = seconds(1);

/** All segments of a video are one play, each track of an album its own. */
const WHOLE_TITLE = "";

export class PlayedTitle {
  readonly sealed: Sealed<"manifest">;
  readonly #options: PlayedTitleOptions;
  readonly #session: PlayerSession;
  readonly #meters = new Map<string, PlayMeter>();
  readonly #told = new Set<string>();
  readonly #spans = new Map<number, { readonly unit: string; readonly timed: TimedFile }>();
  readonly #started: number;
  #used: number;
  #readers = 0;

  constructor(options: PlayedTitleOptions) {
    this.sealed = options.title;
    this.#options = options;
    this.#session = new PlayerSession(options);
    this.#started = options.clock.monotonicMs();
    this.#used = this.#started;
  }

  /** Seconds since the title was first asked for: the time of its live channel. */
  get elapsedSeconds(): number {
    return (this.#options.clock.monotonicMs() - this.#started) / 1000;
  }

  /** How long nobody has read it; 0 while somebody does. */
  get idleMs(): number {
    return this.#readers > 0 ? 0 : this.#options.clock.monotonicMs() - this.#used;
  }

  /** Why nothing comes, in words. */
  get trouble(): string {
    return this.#session.fetcher.trouble ?? "the boxes are silent";
  }

  /** Verified bytes from a position to the end of their chunk; undefined when they do not come. */
  async read(file: number, at: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    this.#used = this.#options.clock.monotonicMs();
    const { chunkSize } = this.sealed.body;
    const chunk = Math.floor(at / chunkSize);
    const data = await this.#session.chunk({ file, chunk }, signal);
    if (data && chunk === 0) await this.#measure(file, data);
    return data?.subarray(at - chunk * chunkSize);
  }

  async readWhole(file: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const { size } = fileAt(this.sealed.body, file);
    const parts: Uint8Array[] = [];
    for (let at = 0; at < size; ) {
      const part = await this.read(file, at, signal);
      if (!part) return undefined;
      parts.push(part);
      at += part.length;
    }
    return Buffer.concat(parts);
  }

  /** The bytes [start, end) as a player draws them; it errors when they stop coming. */
  stream(file: number, start: number, end: number, gone: AbortSignal): ReadableStream<Uint8Array> {
    let at = start;
    this.#readers++;
    let open = true;
    const done = () => {
      // A player may go away while its next bytes are on their way: both ends come here.
      if (open) this.#readers--;
      open = false;
      this.#used = this.#options.clock.monotonicMs();
    };
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const data = await this.read(file, at, gone);
          if (!data) {
            done();
            controller.error(new Error("the rest of the file did not come"));
            return;
          }
          const part = data.subarray(0, end - at);
          controller.enqueue(part);
          this.#delivered(file, at, at + part.length);
          at += part.length;
          if (at < end) return;
          done();
          controller.close();
        },
        cancel: done,
      },
      { highWaterMark: 1 },
    );
  }

  /** A playlist was read: its segments follow each other, and last so long. */
  learn(path: string, playlist: Playlist): void {
    const segments = segmentsOf(this.sealed.body, path, playlist);
    this.#session.addSequence(segments);
    const total = segments.reduce((end, each) => Math.max(end, each.start + each.seconds), 0);
    if (total > 0) this.#meter(WHOLE_TITLE, total);
    for (const timed of segments) this.#spans.set(timed.file, { unit: WHOLE_TITLE, timed });
  }

  /** Ends fetching, with the last receipts, and tells what was played. */
  async close(): Promise<void> {
    await this.#session.close();
    for (const unit of this.#meters.keys()) await this.#tell(unit);
  }

  /** A progressive file's length is in its first bytes. */
  async #measure(file: number, firstBytes: Uint8Array): Promise<void> {
    const { path, size, mediaType } = fileAt(this.sealed.body, file);
    if (this.#spans.has(file) || isPlaylist(path)) return;
    const length = await mediaSeconds(firstBytes, size, mediaType);
    if (length === undefined) return;
    this.#meter(path, length);
    this.#spans.set(file, { unit: path, timed: { file, start: 0, seconds: length } });
  }

  #meter(unit: string, length: number): void {
    if (!this.#meters.has(unit)) this.#meters.set(unit, new PlayMeter(length, this.#options.clock));
  }

  #delivered(file: number, start: number, end: number): void {
    const span = this.#spans.get(file);
    const meter = span && this.#meters.get(span.unit);
    if (!span || !meter) return;
    const { size } = fileAt(this.sealed.body, file);
    meter.delivered({
      start: span.timed.start + (span.timed.seconds * start) / size,
      seconds: (span.timed.seconds * (end - start)) / size,
    });
    const now = this.#options.clock.monotonicMs();
    if (meter.complete && meter.playedBy(now) === meter.played) void this.#tell(span.unit);
  }

  async #tell(unit: string): Promise<void> {
    const { signer, environment, random, clock, tell } = this.#options;
    const meter = this.#meters.get(unit);
    const played = meter?.playedBy(clock.monotonicMs()) ?? 0;
    if (!meter || this.#told.has(unit) || played < SHORTEST_PLAY) return;
    this.#told.add(unit);
    const play: Play = {
      id: toHex(random.bytes(16)) as Id,
      viewer: signer.publicKey,
      title: this.sealed.hash,
      startedAt: toUnixSeconds(meter.startedWall),
      played: milliseconds(Math.floor(played)),
    };
    await tell(seal("play", play, signer, environment));
  }
}
