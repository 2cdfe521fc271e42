/**
 * The player gateway: ordinary HTTP on loopback for ordinary players. It holds the viewer's key,
 * fetches ahead from many boxes, and hands on only bytes whose hashes were checked.
 */
import { seal } from "../accounting/envelope.ts";
import type { Environment, Sealed, TitleFile } from "../accounting/messages.ts";
import { parseRange } from "../core/byte-range.ts";
import type { Clock } from "../core/clock.ts";
import { type Hash, type Id, type PublicKey, toHex } from "../core/encoding.ts";
import { errnoOf, exitCode, OperatorError, reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { every, type Part } from "../core/part.ts";
import type { Random } from "../core/random.ts";
import { type Milliseconds, milliseconds, seconds, toUnixSeconds } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";
import { type ChunkRef, fileEtag } from "./chunks.ts";
import type { PublishedTitle } from "./coordinator-client.ts";
import type { TicketSource } from "./fetcher.ts";
import { isPlaylist } from "./media-type.ts";
import { PlayMeter } from "./play-meter.ts";
import { PlayerSession } from "./player-session.ts";
import { liveWindow, type Playlist, parsePlaylist, withQuery } from "./playlist.ts";
import { mediaSeconds, segmentsOf, type TimedFile } from "./timeline.ts";

export interface GatewayCoordinator extends TicketSource {
  title(idOrSlug: string, signal?: AbortSignal): Promise<PublishedTitle | undefined>;
  play(play: Sealed<"play">, signal?: AbortSignal): Promise<{ readonly qualified: boolean }>;
}

export interface GatewayOptions {
  /** A loopback address: the gateway signs for whoever asks it. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly coordinator: GatewayCoordinator;
  readonly signer: Signer;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Bytes in memory for each title that is played. */
  readonly memory?: number;
  readonly local?: ((title: Hash, ref: ChunkRef) => Promise<Uint8Array | undefined>) | undefined;
  readonly pace?: ((amount: number, signal: AbortSignal) => Promise<void>) | undefined;
  readonly boxes?: number;
  /** See `FetcherOptions`. */
  readonly onVerified?: ((box: PublicKey, amount: number) => void) | undefined;
  /** A player waits this long for a chunk before it gets an error. */
  readonly patience?: Milliseconds;
}

const MEMORY = 32 * 1024 * 1024;
/** A title nobody reads for so long is no longer played. */
const IDLE = seconds(30);
/** Shorter plays are not worth telling; the coordinator publishes the minimum that counts. */
const SHORTEST_PLAY = seconds(1);
const TICK = seconds(1);
const MOST_TITLES = 16;
const MAX_PLAYLIST = 16 * 1024 * 1024;

interface Title {
  readonly sealed: Sealed<"manifest">;
  readonly session: PlayerSession;
  readonly meters: Map<string, PlayMeter>;
  readonly spans: Map<number, { readonly unit: string; readonly timed: TimedFile }>;
  readonly started: Milliseconds;
  used: Milliseconds;
  readers: number;
}

export class Gateway implements Part, AsyncDisposable {
  readonly name = "gateway";
  readonly #options: GatewayOptions;
  readonly #titles = new Map<Hash, Promise<Title>>();
  readonly #slugs = new Map<string, Hash>();
  readonly #server: ReturnType<typeof Bun.serve>;
  readonly #closing = new Set<Promise<void>>();

  /** Throws an OperatorError when the address cannot be listened on. */
  constructor(options: GatewayOptions) {
    this.#options = options;
    const { host, port } = options.listen;
    try {
      this.#server = Bun.serve({
        hostname: host,
        port,
        idleTimeout: 60,
        maxRequestBodySize: 1024,
        fetch: (request) => this.#answer(request),
        error: (fault) => {
          options.log.error("gateway request failed", { reason: reasonOf(fault) });
          return text(500, "The gateway failed; its log says why.");
        },
      });
    } catch (cause) {
      const taken = errnoOf(cause) === "EADDRINUSE";
      throw new OperatorError(
        exitCode.unavailable,
        `The player gateway cannot listen on ${host}:${port} (${taken ? "the port is taken" : reasonOf(cause)}): choose another port.`,
        { cause },
      );
    }
  }

  get url(): string {
    return `http://${this.#options.listen.host.includes(":") ? `[${this.#options.listen.host}]` : this.#options.listen.host}:${this.#server.port}`;
  }

  /** Ends titles that nobody plays any more and tells their plays. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    await every(TICK, () => this.#tick(), { clock, log, signal, name: this.name });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
    for (const id of [...this.#titles.keys()]) this.#end(id);
    await Promise.all(this.#closing);
  }

  // --- HTTP ---

  async #answer(request: Request): Promise<Response> {
    const refused = this.#refuse(request);
    if (refused) return refused;
    const url = new URL(request.url);
    const [, name = "", ...rest] = url.pathname.split("/").map(decode);
    if (name === "") return text(200, "Spareband player gateway: ask for /<title>/<file>.\n");
    const title = await this.#title(name);
    if (!title) return text(404, `No title "${name}" is known to the coordinator.\n`);
    const path = rest.join("/");
    if (path === "") return Response.redirect(`/${name}/${encodePath(mainFile(title))}`, 302);
    const index = title.sealed.body.files.findIndex((file) => file.path === path);
    const file = title.sealed.body.files[index];
    if (!file) return text(404, `The title has no file "${path}".\n`);
    const response = isPlaylist(path)
      ? await this.#playlist(title, index, file, request, url.searchParams.has("live"))
      : await this.#file(title, index, file, request);
    const origin = request.headers.get("origin");
    if (origin) response.headers.set("access-control-allow-origin", origin);
    response.headers.set("vary", "origin");
    return response;
  }

  /** Only local programs and local pages may ask: the gateway spends the viewer's tickets. */
  #refuse(request: Request): Response | undefined {
    if (request.method !== "GET" && request.method !== "HEAD")
      return text(405, "Only GET and HEAD are answered.\n", { allow: "GET, HEAD" });
    if (!isLocal(`http://${request.headers.get("host")}`))
      return text(403, "This gateway answers only to local names.\n");
    const origin = request.headers.get("origin");
    const site = request.headers.get("sec-fetch-site");
    if ((origin && !isLocal(origin)) || (!origin && site === "cross-site"))
      return text(403, "Pages of other sites may not use this gateway.\n");
    return undefined;
  }

  async #playlist(
    title: Title,
    index: number,
    file: TitleFile,
    request: Request,
    live: boolean,
  ): Promise<Response> {
    const data =
      file.size <= MAX_PLAYLIST ? await this.#whole(title, index, file, request.signal) : undefined;
    if (!data) return this.#nothingCame(title);
    const content = new TextDecoder().decode(data);
    const playlist = parsePlaylist(content);
    if (playlist) this.#learn(title, file.path, playlist);
    if (!live || !playlist) return this.#file(title, index, file, request);
    const elapsed = (this.#options.clock.monotonicMs() - title.started) / 1000;
    const body =
      playlist.kind === "media" ? liveWindow(playlist, elapsed) : withQuery(content, "live");
    const headers = { "content-type": file.mediaType, "cache-control": "no-store" };
    return new Response(request.method === "HEAD" ? null : body, { headers });
  }

  async #file(title: Title, index: number, file: TitleFile, request: Request): Promise<Response> {
    const etag = fileEtag(file);
    const headers = new Headers({
      "content-type": file.mediaType,
      "accept-ranges": "bytes",
      etag,
      "cache-control": "no-cache",
    });
    if (request.headers.get("if-none-match")?.split(/,\s*/).includes(etag))
      return new Response(null, { status: 304, headers });
    const condition = request.headers.get("if-range");
    const wanted = condition && condition !== etag ? null : request.headers.get("range");
    const range = parseRange(wanted, file.size);
    if (range.kind === "unsatisfiable")
      return text(416, "The file is shorter.\n", { "content-range": `bytes */${file.size}` });
    const { start, end } = range.kind === "part" ? range : { start: 0, end: file.size };
    const status = range.kind === "part" ? 206 : 200;
    if (range.kind === "part")
      headers.set("content-range", `bytes ${start}-${end - 1}/${file.size}`);
    headers.set("content-length", String(end - start));
    if (request.method === "HEAD" || start === end) return new Response(null, { status, headers });
    // The status is only known once the first chunk is there.
    const first = await this.#read(title, index, start, request.signal);
    if (!first) return this.#nothingCame(title);
    return new Response(this.#stream(title, index, start, end, request.signal), {
      status,
      headers,
    });
  }

  #stream(title: Title, index: number, start: number, end: number, gone: AbortSignal) {
    let at = start;
    title.readers++;
    const done = () => {
      title.readers--;
      title.used = this.#options.clock.monotonicMs();
    };
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const data = await this.#read(title, index, at, gone);
          if (!data) {
            done();
            controller.error(new Error("the rest of the file did not come"));
            return;
          }
          const part = data.subarray(0, end - at);
          controller.enqueue(part);
          this.#delivered(title, index, at, at + part.length);
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

  /** Bytes from a position to the end of its chunk. */
  async #read(title: Title, file: number, at: number, signal: AbortSignal) {
    title.used = this.#options.clock.monotonicMs();
    const { chunkSize } = title.sealed.body;
    const chunk = Math.floor(at / chunkSize);
    const data = await title.session.chunk({ file, chunk }, signal);
    if (data && chunk === 0) await this.#measure(title, file, data);
    return data?.subarray(at - chunk * chunkSize);
  }

  async #whole(title: Title, index: number, file: TitleFile, signal: AbortSignal) {
    const parts: Uint8Array[] = [];
    for (let at = 0; at < file.size; ) {
      const part = await this.#read(title, index, at, signal);
      if (!part) return undefined;
      parts.push(part);
      at += part.length;
    }
    return Buffer.concat(parts);
  }

  #nothingCame(title: Title): Response {
    const why = title.session.fetcher.trouble ?? "the boxes are silent";
    return text(504, `Nothing came in time: ${why}.\n`, { "retry-after": "5" });
  }

  // --- Titles ---

  async #title(name: string): Promise<Title | undefined> {
    const known = this.#slugs.get(name);
    const playing = known && this.#titles.get(known);
    if (playing) return playing;
    const published = await this.#options.coordinator.title(name);
    if (!published) return undefined;
    const { hash } = published.manifest;
    this.#slugs.set(name, hash);
    const existing = this.#titles.get(hash);
    if (existing) return existing;
    const opened = Promise.resolve(this.#open(published.manifest));
    this.#titles.set(hash, opened);
    const [oldest] = this.#titles.keys();
    if (this.#titles.size > MOST_TITLES && oldest) this.#end(oldest);
    return opened;
  }

  #open(sealed: Sealed<"manifest">): Title {
    const { coordinator, signer, environment, clock, random, log, pace, boxes, local } =
      this.#options;
    const session = new PlayerSession({
      title: sealed,
      tickets: coordinator,
      signer,
      environment,
      clock,
      random,
      log,
      pace,
      ...(boxes !== undefined && { boxes }),
      memory: this.#options.memory ?? MEMORY,
      patience: this.#options.patience,
      onVerified: this.#options.onVerified,
      local: local && ((ref) => local(sealed.hash, ref)),
    });
    const now = clock.monotonicMs();
    return {
      sealed,
      session,
      meters: new Map(),
      spans: new Map(),
      started: now,
      used: now,
      readers: 0,
    };
  }

  async #tick(): Promise<void> {
    const now = this.#options.clock.monotonicMs();
    for (const [id, pending] of [...this.#titles]) {
      const title = await pending;
      if (title.readers === 0 && now - title.used > IDLE) this.#end(id);
    }
  }

  #end(id: Hash): void {
    const pending = this.#titles.get(id);
    this.#titles.delete(id);
    if (!pending) return;
    const closing = pending
      .then(async (title) => {
        await title.session.close();
        for (const unit of [...title.meters.keys()]) await this.#tell(title, unit);
      })
      .finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  // --- Plays ---

  #learn(title: Title, path: string, playlist: Playlist): void {
    const segments = segmentsOf(title.sealed.body, path, playlist);
    title.session.addSequence(segments);
    const total = segments.reduce((end, each) => Math.max(end, each.start + each.seconds), 0);
    if (total > 0) this.#meter(title, "", total);
    for (const timed of segments) title.spans.set(timed.file, { unit: "", timed });
  }

  /** A progressive file's length is in its first bytes. */
  async #measure(title: Title, file: number, firstBytes: Uint8Array): Promise<void> {
    const described = title.sealed.body.files[file];
    if (title.spans.has(file) || !described || isPlaylist(described.path)) return;
    const length = await mediaSeconds(firstBytes, described.size, described.mediaType);
    if (length === undefined) return;
    this.#meter(title, described.path, length);
    title.spans.set(file, { unit: described.path, timed: { file, start: 0, seconds: length } });
  }

  #meter(title: Title, unit: string, length: number): void {
    if (!title.meters.has(unit))
      title.meters.set(unit, new PlayMeter(length, this.#options.clock.wallMs()));
  }

  #delivered(title: Title, file: number, start: number, end: number): void {
    const span = title.spans.get(file);
    const meter = span && title.meters.get(span.unit);
    const size = title.sealed.body.files[file]?.size ?? 0;
    if (!span || !meter || size === 0) return;
    meter.delivered({
      start: span.timed.start + (span.timed.seconds * start) / size,
      seconds: (span.timed.seconds * (end - start)) / size,
    });
    if (meter.complete) void this.#tell(title, span.unit);
  }

  /** Tells the coordinator of one play; a play is told once. */
  async #tell(title: Title, unit: string): Promise<void> {
    const meter = title.meters.get(unit);
    if (!title.meters.delete(unit) || !meter || meter.played < SHORTEST_PLAY) return;
    const { signer, environment, random, coordinator, log } = this.#options;
    const play = {
      id: toHex(random.bytes(16)) as Id,
      viewer: signer.publicKey,
      title: title.sealed.hash,
      startedAt: toUnixSeconds(meter.startedWall),
      played: milliseconds(meter.played),
    };
    try {
      await coordinator.play(seal("play", play, signer, environment));
    } catch (fault) {
      log.warning("play not told", { reason: reasonOf(fault) });
    }
  }
}

/** What a player opens when only the title is named: a master playlist, any playlist, the largest file. */
function mainFile(title: Title): string {
  const { files } = title.sealed.body;
  const playlists = files.filter((file) => isPlaylist(file.path));
  const named = playlists.find((file) => /(^|\/)(master|main)\.m3u8$/i.test(file.path));
  const largest = files.reduce((a, b) => (b.size > a.size ? b : a));
  return (named ?? playlists[0] ?? largest).path;
}

function isLocal(origin: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { hostname, protocol } = new URL(origin);
  return /^https?:$/.test(protocol) && /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // A lone % names no file; the plain text gives an ordinary 404.
    return segment;
  }
}

const encodePath = (path: string) => path.split("/").map(encodeURIComponent).join("/");

const text = (status: number, body: string, headers: Record<string, string> = {}) =>
  new Response(body, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", ...headers },
  });
