/** What a player gets for one file of a title: its bytes, a range of them, or a playlist made live. */
import type { TitleFile } from "../accounting/messages.ts";
import { parseRange } from "../core/byte-range.ts";
import { judgeConditions, rangeAskedFor } from "../core/http-conditions.ts";
import { fileEtag } from "./chunks.ts";
import { liveWindow } from "./live-window.ts";
import { isPlaylist, safelyShown } from "./media-type.ts";
import type { PlayedTitle } from "./played-title.ts";
import { parsePlaylist, playingSeconds, withQuery } from "./playlist.ts";

export interface FileRequest {
  readonly title: PlayedTitle;
  readonly index: number;
  readonly file: TitleFile;
  readonly request: Request;
  /** A playlist is to be a channel that repeats. */
  readonly live: boolean;
}

const MAX_PLAYLIST = 16 * 1024 * 1024;

export async function respond(asked: FileRequest): Promise<Response> {
  const { title, index, file, request, live } = asked;
  if (!isPlaylist(file.path) || file.size > MAX_PLAYLIST) return fileResponse(asked);
  const data = await title.readWhole(index, request.signal);
  if (!data) return nothingCame(title);
  const content = new TextDecoder().decode(data);
  const playlist = parsePlaylist(content);
  if (playlist) title.learn(file.path, playlist);
  if (!live || !playlist) return fileResponse(asked);
  if (playlist.kind === "media" && playingSeconds(playlist) === 0)
    return text(422, `"${file.path}" has no playing time, so it cannot be a live channel.\n`);
  const body =
    playlist.kind === "media"
      ? liveWindow(playlist, title.elapsedSeconds)
      : withQuery(content, "live");
  const headers = {
    "content-type": file.mediaType,
    "content-length": lengthOf(body),
    "cache-control": "no-store",
  };
  return new Response(request.method === "HEAD" ? null : body, { headers });
}

async function fileResponse({ title, index, file, request }: FileRequest): Promise<Response> {
  const etag = fileEtag(file);
  const headers = new Headers({
    ...safelyShown(file.mediaType),
    "content-type": file.mediaType,
    "accept-ranges": "bytes",
    etag,
    "cache-control": "no-cache",
  });
  const condition = judgeConditions(request.headers, etag);
  if (condition === "failed") return text(412, "The file is another one now.\n");
  if (condition === "not-modified") return new Response(null, { status: 304, headers });
  const range = parseRange(rangeAskedFor(request, etag), file.size);
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

const lengthOf = (body: string) => String(Buffer.byteLength(body));

const nothingCame = (title: PlayedTitle) =>
  text(504, `Nothing came in time: ${title.trouble}.\n`, { "retry-after": "5" });

export const text = (status: number, body: string, headers: Record<string, string> = {}) =>
  new Response(body, {
    status,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "content-length": lengthOf(body),
      ...headers,
    },
  });
