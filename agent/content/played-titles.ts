import type { Sealed } from "../accounting/messages.ts";
import type { Hash } from "../core/encoding.ts";
import { reasonOf } from "../core/errors.ts";
import { seconds } from "../core/units.ts";
import type { ChunkRef } from "./chunks.ts";
import type { PublishedTitle } from "./coordinator-client.ts";
import type { FetcherOptions } from "./fetcher.ts";
import { PlayedTitle } from "./played-title.ts";
import type { PlayerSessionOptions } from "./player-session.ts";
import type { TicketSource } from "./ticket-desk.ts";

/** The coordinator, as far as a player needs it. */
export interface PlayerCoordinator extends TicketSource {
  title(idOrSlug: string, signal?: AbortSignal): Promise<PublishedTitle | undefined>;
  play(play: Sealed<"play">, signal?: AbortSignal): Promise<{ readonly qualified: boolean }>;
}

export interface PlayedTitlesOptions
  extends Omit<FetcherOptions, "title" | "tickets" | "deliver">,
    Pick<PlayerSessionOptions, "patience"> {
  readonly coordinator: PlayerCoordinator;
  /** Bytes in memory for each title that is played. */
  readonly memory?: number;
  /** Chunks of the box's own store, where the gateway runs on a box. */
  readonly local?: ((title: Hash, ref: ChunkRef) => Promise<Uint8Array | undefined>) | undefined;
}

const MEMORY = 32 * 1024 * 1024;
/** A title nobody reads for so long is no longer played. */
const IDLE = seconds(30);
const MOST_TITLES = 16;

/** Titles that are being played: opened when a player first asks, ended when none has for a while. */
export class PlayedTitles {
  readonly #options: PlayedTitlesOptions;
  /** Oldest use first. */
  readonly #titles = new Map<Hash, PlayedTitle>();
  readonly #slugs = new Map<string, Hash>();
  readonly #closing = new Set<Promise<void>>();

  constructor(options: PlayedTitlesOptions) {
    this.#options = options;
  }

  /** By identity or short name; undefined when the coordinator knows no such title. */
  async get(name: string): Promise<PlayedTitle | undefined> {
    const playing = this.#titles.get(this.#slugs.get(name) ?? (name as Hash));
    if (playing) {
      this.#titles.delete(playing.sealed.hash);
      this.#titles.set(playing.sealed.hash, playing);
      return playing;
    }
    const published = await this.#options.coordinator.title(name);
    if (!published) return undefined;
    const { hash } = published.manifest;
    this.#slugs.set(name, hash);
    // Another request may have opened it while the coordinator was asked.
    const title = this.#titles.get(hash) ?? this.#open(published.manifest);
    this.#titles.set(hash, title);
    const [oldest] = this.#titles.keys();
    if (this.#titles.size > MOST_TITLES && oldest) this.#end(oldest);
    return title;
  }

  endIdle(): void {
    for (const [id, title] of [...this.#titles]) if (title.idleMs > IDLE) this.#end(id);
  }

  /** Ends all; the last receipts and plays are out when it resolves. */
  async close(): Promise<void> {
    for (const id of [...this.#titles.keys()]) this.#end(id);
    await Promise.all(this.#closing);
  }

  #open(title: Sealed<"manifest">): PlayedTitle {
    const { coordinator, log, local, memory, ...fetching } = this.#options;
    return new PlayedTitle({
      ...fetching,
      title,
      log,
      tickets: coordinator,
      memory: memory ?? MEMORY,
      local: local && ((ref) => local(title.hash, ref)),
      tell: async (play) => {
        try {
          await coordinator.play(play);
        } catch (fault) {
          log.warning("play not told", { reason: reasonOf(fault) });
        }
      },
    });
  }

  #end(id: Hash): void {
    const closing = this.#titles.get(id)?.close();
    this.#titles.delete(id);
    for (const [slug, its] of this.#slugs) if (its === id) this.#slugs.delete(slug);
    if (!closing) return;
    const tracked = closing.finally(() => this.#closing.delete(tracked));
    this.#closing.add(tracked);
  }
}
