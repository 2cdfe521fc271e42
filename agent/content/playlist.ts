/** HLS playlists (RFC 8216): what one refers to, how long it plays, and how one looks as a live channel. */
import { posix } from "node:path";

export interface Segment {
  /** Lines that belong to the segment (EXTINF, BYTERANGE, KEY, MAP, …), without the URI. */
  readonly tags: readonly string[];
  readonly uri: string;
  readonly seconds: number;
}

export interface Playlist {
  readonly kind: "master" | "media";
  /** Everything named: segments, variants, keys, initialisation sections, alternative renditions. */
  readonly uris: readonly string[];
  readonly segments: readonly Segment[];
  readonly version: number;
  readonly targetSeconds: number;
}

/** undefined when the text is no playlist at all. */
export function parsePlaylist(text: string): Playlist | undefined {
  const lines = text.split(/\r?\n/);
  if (lines[0]?.trim() !== "#EXTM3U") return undefined;
  const uris: string[] = [];
  const segments: Segment[] = [];
  let tags: string[] = [];
  let seconds: number | undefined;
  for (const line of lines.slice(1).map((raw) => raw.trim())) {
    if (line === "") continue;
    const attribute = line.startsWith("#EXT") ? /[:,]URI="([^"]*)"/.exec(line)?.[1] : undefined;
    if (attribute !== undefined) uris.push(attribute);
    if (line.startsWith("#EXTINF:")) seconds = Number.parseFloat(line.slice(8)) || 0;
    if (SEGMENT_TAG.test(line)) tags.push(line);
    if (line.startsWith("#")) continue;
    uris.push(line);
    if (seconds !== undefined) segments.push({ tags, uri: line, seconds });
    tags = [];
    seconds = undefined;
  }
  return {
    kind: segments.length > 0 ? "media" : "master",
    uris,
    segments,
    version: numberOf(lines, "#EXT-X-VERSION:") ?? 1,
    targetSeconds:
      numberOf(lines, "#EXT-X-TARGETDURATION:") ??
      Math.ceil(Math.max(1, ...segments.map((segment) => segment.seconds))),
  };
}

const SEGMENT_TAG =
  /^#(EXTINF|EXT-X-(BYTERANGE|DISCONTINUITY$|KEY|MAP|PROGRAM-DATE-TIME|GAP|BITRATE))/;

const numberOf = (lines: readonly string[], tag: string) => {
  const text = lines.find((line) => line.startsWith(tag))?.slice(tag.length);
  const value = Number(text);
  return text !== undefined && Number.isFinite(value) ? value : undefined;
};

/**
 * The path in the title that a playlist's URI means; undefined when it leaves the title (another
 * host, an absolute path, too many `..`).
 */
export function resolveUri(playlistPath: string, uri: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(uri) || uri.startsWith("/")) return undefined;
  const decoded = decodeUri(uri.replace(/[?#].*$/, ""));
  if (decoded === undefined) return undefined;
  const path = posix.normalize(posix.join(posix.dirname(playlistPath), decoded));
  return path.startsWith("../") || path === ".." ? undefined : path;
}

function decodeUri(uri: string): string | undefined {
  try {
    return decodeURIComponent(uri);
  } catch {
    // A lone % is the one way to fail; such a name cannot be meant.
    return undefined;
  }
}

/**
 * The playlist as a channel that started `elapsedSeconds` ago and repeats for ever: a sliding window
 * of the newest `windowSize` segments (RFC 8216 §6.2.2), marked where the title starts over.
 */
export function liveWindow(playlist: Playlist, elapsedSeconds: number, windowSize = 6): string {
  const { segments } = playlist;
  const total = segments.reduce((sum, segment) => sum + segment.seconds, 0);
  if (total <= 0) throw new RangeError("a playlist without playing time cannot be a channel");
  const newest = newestSegment(playlist, elapsedSeconds % total);
  const last = Math.floor(elapsedSeconds / total) * segments.length + newest;
  const first = Math.max(0, last - windowSize + 1);
  const lines = [
    "#EXTM3U",
    `#EXT-X-VERSION:${Math.max(3, playlist.version)}`,
    `#EXT-X-TARGETDURATION:${playlist.targetSeconds}`,
    `#EXT-X-MEDIA-SEQUENCE:${first}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${Math.max(0, Math.ceil(first / segments.length) - 1)}`,
  ];
  for (let at = first; at <= last; at++) {
    const segment = segments[at % segments.length];
    if (!segment) break;
    if (at > 0 && at % segments.length === 0) lines.push("#EXT-X-DISCONTINUITY");
    if (at === first) lines.push(...inheritedTags(segments, at % segments.length));
    lines.push(...segment.tags, segment.uri);
  }
  return `${lines.join("\n")}\n`;
}

/** A window may begin after the tags that set the key and the initialisation section. */
function inheritedTags(segments: readonly Segment[], at: number): string[] {
  const before = segments.slice(0, at).flatMap((segment) => segment.tags);
  return ["#EXT-X-MAP", "#EXT-X-KEY"]
    .map((tag) => before.findLast((line) => line.startsWith(tag)))
    .filter((line) => line !== undefined);
}

/** A segment enters the window when it is complete, as on a real channel; the first at once. */
function newestSegment(playlist: Playlist, elapsed: number): number {
  let end = 0;
  let newest = 0;
  for (const [index, segment] of playlist.segments.entries()) {
    if (end > elapsed) break;
    newest = index;
    end += segment.seconds;
  }
  return newest;
}

/** A master playlist whose variants are asked for with the same query, so that they are live too. */
export function withQuery(text: string, query: string): string {
  return text
    .split(/\r?\n/)
    .map((line) =>
      line.startsWith("#")
        ? line.replace(/([:,]URI=")([^"?]*)"/, `$1$2?${query}"`)
        : line.trim() === ""
          ? line
          : `${line.trim()}?${query}`,
    )
    .join("\n");
}
