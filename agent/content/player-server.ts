/**
 * HTTP/1 for players, on node:http: Bun.serve sends a streamed body in chunks without its length, and
 * a film without a length is one that many players cannot seek in, nor HTTP/1.0 clients read at all.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { errnoOf } from "../core/errors.ts";

export interface PlayerServerOptions {
  readonly host: string;
  /** 0 asks the kernel for a free one. */
  readonly port: number;
  /** Aborts its request's signal when the player went away. Has to answer every request, faults too. */
  readonly answer: (request: Request) => Promise<Response>;
}

export interface PlayerServer extends AsyncDisposable {
  readonly port: number;
}

/** A player that says nothing for so long between two requests is gone. */
const IDLE_MS = 60_000;
const HEADERS_WITHIN_MS = 10_000;
const LONGEST_HEAD = 8 * 1024;
/** The Fetch standard has no request with these. */
const UNSPEAKABLE = new Set(["CONNECT", "TRACE", "TRACK"]);

/** Rejects with the system's error when the address cannot be listened on. */
export async function listenForPlayers(options: PlayerServerOptions): Promise<PlayerServer> {
  const answered = new WeakSet<Duplex>();
  const server = createServer((incoming, outgoing) => {
    answered.add(incoming.socket);
    outgoing.once("close", () => answered.delete(incoming.socket));
    void serve(incoming, outgoing, options);
  });
  server.on("clientError", (fault, socket) => {
    // Words of ours would stand in the middle of a film.
    if (answered.has(socket)) socket.destroy();
    else turnAway(fault, socket);
  });
  server.keepAliveTimeout = IDLE_MS;
  server.headersTimeout = HEADERS_WITHIN_MS;
  server.requestTimeout = HEADERS_WITHIN_MS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : options.port,
    [Symbol.asyncDispose]: () => close(server),
  };
}

/**
 * FFmpeg sends the letters of a playlist's names as they are, and the parser takes none beyond ASCII: it
 * is led to the same path, escaped. Whatever else is no HTTP is told so.
 */
function turnAway(fault: Error & { readonly rawPacket?: unknown }, socket: Duplex): void {
  const refusal =
    errnoOf(fault) === "HPE_HEADER_OVERFLOW"
      ? "431 Request Header Fields Too Large"
      : "400 Bad Request";
  const head =
    fault.rawPacket instanceof Uint8Array ? fault.rawPacket.subarray(0, LONGEST_HEAD) : [];
  const target = /^(?:GET|HEAD) (\/[^\s]*) HTTP\/1\.[01]\r\n/.exec(
    Buffer.from(head).toString("latin1"),
  )?.[1];
  const escaped = escapeBytes(target ?? "");
  const answer =
    escaped !== (target ?? "") ? `307 Temporary Redirect\r\nLocation: ${escaped}` : refusal;
  socket.end(`HTTP/1.1 ${answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

async function serve(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { answer }: PlayerServerOptions,
): Promise<void> {
  const gone = new AbortController();
  outgoing.once("close", () => gone.abort());
  incoming.resume();
  const request = requestOf(incoming, gone.signal);
  const response = request ? await answer(request) : new Response(null, { status: 400 });
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  try {
    for await (const part of response.body ?? []) {
      if (!outgoing.write(part)) await drained(outgoing, gone.signal);
      if (gone.signal.aborted) break;
    }
    outgoing.end();
  } catch {
    // The rest did not come: a cut connection is how a player learns it after the head is out.
    outgoing.destroy();
  }
}

/** undefined for a target or a method that no request can have. */
function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request | undefined {
  const { method = "GET", url = "" } = incoming;
  const address = url.startsWith("/") ? `http://localhost${url}` : url;
  if (!/^https?:/i.test(address) || !URL.canParse(address) || UNSPEAKABLE.has(method))
    return undefined;
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers))
    for (const each of [value ?? []].flat()) headers.append(name, each);
  return new Request(address, { method, headers, signal });
}

/** Bytes beyond ASCII, one character each, as a URL escapes them. */
const escapeBytes = (latin1: string) =>
  latin1.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);

/** Until the player has taken what was written, or is gone. */
function drained(outgoing: ServerResponse, gone: AbortSignal): Promise<void> {
  if (gone.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      outgoing.off("drain", done);
      gone.removeEventListener("abort", done);
      resolve();
    };
    outgoing.on("drain", done);
    gone.addEventListener("abort", done);
  });
}
