/**
 * The player gateway: ordinary HTTP on loopback for ordinary players. It holds the viewer's key,
 * fetches ahead from many boxes, and hands on only bytes whose hashes were checked.
 */
import type { TitleFile } from "../accounting/messages.ts";
import { parseRange } from "../core/byte-range.ts";
import { errnoOf, exitCode, OperatorError, reasonOf } from "../core/errors.ts";
import { every, type Part } from "../core/part.ts";
import { seconds } from "../core/units.ts";
import { fileEtag } from "./chunks.ts";
import { isPlaylist } from "./media-type.ts";
import type { PlayedTitle } from "./played-title.ts";
import { PlayedTitles, type PlayedTitlesOptions } from "./played-titles.ts";
import { liveWindow, parsePlaylist, withQuery } from "./playlist.ts";

export interface GatewayOptions extends PlayedTitlesOptions {
  /** A loopback address: the gateway signs for whoever asks it. */
  readonly listen: { readonly host: string; readonly port: number };
}

const TICK = seconds(1);
const MAX_PLAYLIST = 16 * 1024 * 1024;

interface FileRequest {
  readonly title: PlayedTitle;
  readonly index: number;
  readonly file: TitleFile;
  readonly request: Request;
}

export class Gateway implements Part, AsyncDisposable {
  readonly name = "gateway";
  readonly #options: GatewayOptions;
  readonly #titles: PlayedTitles;
  readonly #server: ReturnType<typeof Bun.serve>;

  /** Throws an OperatorError when the address cannot be listened on. */
  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#titles = new PlayedTitles(options);
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
          return text(500, `The gateway failed: ${reasonOf(fault)}\n`);
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
    const { host } = this.#options.listen;
    return `http://${host.includes(":") ? `[${host}]` : host}:${this.#server.port}`;
  }

  /** Ends titles that nobody plays any more and tells their plays. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    await every(TICK, () => this.#titles.endIdle(), { clock, log, signal, name: this.name });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
    await this.#titles.close();
  }

  async #answer(request: Request): Promise<Response> {
    const refused = refuseForeign(request);
    if (refused) return refused;
    const url = new URL(request.url);
    const [, name = "", ...rest] = url.pathname.split("/").map(decode);
    if (name === "") return text(200, "Spareband player gateway: ask for /<title>/<file>.\n");
    const title = await this.#find(name);
    if (title instanceof Response) return title;
    if (!title) return text(404, `No title "${name}" is known to the coordinator.\n`);
    const { files } = title.sealed.body;
    const path = rest.join("/");
    if (path === "") return Response.redirect(`/${name}/${encodePath(mainFile(files))}`, 302);
    const index = files.findIndex((file) => file.path === path);
    const file = files[index];
    if (!file) return text(404, `The title has no file "${path}".\n`);
    const asked = { title, index, file, request };
    const response = isPlaylist(path)
      ? await playlistResponse(asked, url.searchParams.has("live"))
      : await fileResponse(asked);
    const origin = request.headers.get("origin");
    if (origin) response.headers.set("access-control-allow-origin", origin);
    response.headers.set("vary", "origin");
    return response;
  }

  /** The title, undefined when there is none, or the answer when nobody can tell. */
  async #find(name: string): Promise<PlayedTitle | Response | undefined> {
    try {
      return await this.#titles.get(name);
    } catch (fault) {
      if (!(fault instanceof OperatorError)) throw fault;
      return text(503, `${fault.message}\n`, { "retry-after": "5" });
    }
  }
}

/** Only local programs and local pages may ask: the gateway spends the viewer's tickets. */
function refuseForeign(request: Request): Response | undefined {
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

async function playlistResponse(asked: FileRequest, live: boolean): Promise<Response> {
  const { title, index, file, request } = asked;
  if (file.size > MAX_PLAYLIST) return fileResponse(asked);
  const data = await title.readWhole(index, request.signal);
  if (!data) return nothingCame(title);
  const content = new TextDecoder().decode(data);
  const playlist = parsePlaylist(content);
  if (playlist) title.learn(file.path, playlist);
  if (!live || !playlist) return fileResponse(asked);
  const body =
    playlist.kind === "media"
      ? liveWindow(playlist, title.elapsedSeconds)
      : withQuery(content, "live");
  const headers = { "content-type": file.mediaType, "cache-control": "no-store" };
  return new Response(request.method === "HEAD" ? null : body, { headers });
}

async function fileResponse({ title, index, file, request }: FileRequest): Promise<Response> {
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
  if (range.kind === "part") headers.set("content-range", `bytes ${start}-${end - 1}/${file.size}`);
  headers.set("content-length", String(end - start));
  if (request.method === "HEAD" || start === end) return new Response(null, { status, headers });
  // The status is only known once the first chunk is there.
  const first = await title.read(index, start, request.signal);
  if (!first) return nothingCame(title);
  return new Response(title.stream(index, start, end, request.signal), { status, headers });
}

const nothingCame = (title: PlayedTitle) =>
  text(504, `Nothing came in time: ${title.trouble}.\n`, { "retry-after": "5" });

/** What a player opens when only the title is named: a master playlist, any playlist, the largest file. */
export function mainFile(files: readonly TitleFile[]): string {
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
