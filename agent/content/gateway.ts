/**
 * The player gateway: ordinary HTTP on loopback for ordinary players. It holds the viewer's key,
 * fetches ahead from many boxes, and hands on only bytes whose hashes were checked.
 */
import type { TitleFile } from "../accounting/messages.ts";
import { errnoOf, exitCode, OperatorError, reasonOf } from "../core/errors.ts";
import { hostInUrl } from "../core/listen-address.ts";
import { every, type Part } from "../core/part.ts";
import { seconds } from "../core/units.ts";
import { respond, text } from "./gateway-response.ts";
import { isPlaylist } from "./media-type.ts";
import type { PlayedTitle } from "./played-title.ts";
import { PlayedTitles, type PlayedTitlesOptions } from "./played-titles.ts";
import { listenForPlayers, type PlayerServer } from "./player-server.ts";

export interface GatewayOptions extends PlayedTitlesOptions {
  /** A loopback address: the gateway signs for whoever asks it. */
  readonly listen: { readonly host: string; readonly port: number };
}

const TICK = seconds(1);

export class Gateway implements Part, AsyncDisposable {
  readonly name = "gateway";
  readonly #options: GatewayOptions;
  readonly #titles: PlayedTitles;
  #server: PlayerServer | undefined;

  private constructor(options: GatewayOptions) {
    this.#options = options;
    this.#titles = new PlayedTitles(options);
  }

  /** Listens when it resolves; rejects with an OperatorError when the address cannot be used. */
  static async open(options: GatewayOptions): Promise<Gateway> {
    const { host, port } = options.listen;
    if (!isLocal(`http://${hostInUrl(host)}`))
      throw new OperatorError(
        exitCode.configuration,
        `The player gateway cannot listen on ${host}: it spends your tickets, so name a loopback address such as 127.0.0.1.`,
      );
    const gateway = new Gateway(options);
    try {
      const answer = (request: Request) => gateway.#answer(request);
      gateway.#server = await listenForPlayers({ host, port, answer });
      return gateway;
    } catch (cause) {
      const taken = errnoOf(cause) === "EADDRINUSE";
      throw new OperatorError(
        exitCode.unavailable,
        `The player gateway cannot listen on ${host}:${port} (${taken ? "the port is taken" : reasonOf(cause)}): choose another port, by --listen or viewer.gateway_listen.`,
        { cause },
      );
    }
  }

  get url(): string {
    const { host, port } = this.#options.listen;
    return `http://${hostInUrl(host)}:${this.#server?.port ?? port}`;
  }

  /** Ends titles that nobody plays any more and tells their plays. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    await every(TICK, () => this.#titles.endIdle(), { clock, log, signal, name: this.name });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
    await this.#titles.close();
  }

  async #answer(request: Request): Promise<Response> {
    const refused = refuseForeign(request);
    if (refused) return refused;
    const response = request.method === "OPTIONS" ? preflight() : await this.#serveSafely(request);
    const origin = request.headers.get("origin");
    if (origin) {
      response.headers.set("access-control-allow-origin", origin);
      response.headers.set("access-control-expose-headers", "content-range, accept-ranges, etag");
    }
    response.headers.set("vary", "origin");
    return response;
  }

  async #serveSafely(request: Request): Promise<Response> {
    try {
      return await this.#serve(request);
    } catch (fault) {
      this.#options.log.error("gateway request failed", { reason: reasonOf(fault) });
      return text(500, `The gateway failed: ${reasonOf(fault)}\n`);
    }
  }

  async #serve(request: Request): Promise<Response> {
    const url = new URL(request.url);
    // A player that joins an address ending in "/" with a path means the same file.
    const [name = "", ...rest] = url.pathname.replace(/^\/+/, "").split("/").map(decode);
    if (name === "") return text(200, "Spareband player gateway: ask for /<title>/<file>.\n");
    const title = await this.#find(name);
    if (title instanceof Response) return title;
    if (!title) return text(404, `No title "${name}" is known to the coordinator.\n`);
    const { files } = title.sealed.body;
    const path = rest.join("/");
    if (path === "") return redirect(`/${encodePath(`${name}/${mainFile(files)}`)}${url.search}`);
    const index = files.findIndex((file) => file.path === path);
    const file = files[index];
    if (!file) return text(404, `The title has no file "${path}".\n`);
    return respond({ title, index, file, request, live: url.searchParams.has("live") });
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
function refuseForeign({ method, headers }: Request): Response | undefined {
  if (method !== "GET" && method !== "HEAD" && method !== "OPTIONS")
    return text(405, "Only GET and HEAD are answered.\n", { allow: METHODS });
  const host = headers.get("host");
  // No browser leaves the host out, so whoever does was not led here by a foreign page (HTTP/1.0).
  if (host !== null && !isLocal(`http://${host}`))
    return text(403, "This gateway answers only to local names.\n");
  const origin = headers.get("origin");
  const site = headers.get("sec-fetch-site");
  if ((origin && !isLocal(origin)) || (!origin && site === "cross-site"))
    return text(403, "Pages of other sites may not use this gateway.\n");
  return undefined;
}

const METHODS = "GET, HEAD, OPTIONS";

/** A local page asks whether its player may send Range and the like (Fetch standard, CORS preflight). */
const preflight = () =>
  new Response(null, {
    status: 204,
    headers: {
      allow: METHODS,
      "access-control-allow-methods": METHODS,
      "access-control-allow-headers": "range, if-range, if-none-match",
      "access-control-max-age": "600",
    },
  });

const redirect = (location: string) =>
  new Response(null, { status: 302, headers: { location, "content-length": "0" } });

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
