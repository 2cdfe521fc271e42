/** HLS playlists (RFC 8216): what one refers to, and how long it plays. */
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
  /** Number of the first segment. */
  readonly mediaSequence: number;
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
    if (line.startsWith("#EXTINF:")) seconds = playingTime(line.slice(8));
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
    mediaSequence: numberOf(lines, "#EXT-X-MEDIA-SEQUENCE:") ?? 0,
    targetSeconds:
      numberOf(lines, "#EXT-X-TARGETDURATION:") ??
      Math.ceil(segments.reduce((longest, each) => Math.max(longest, each.seconds), 1)),
  };
}

const SEGMENT_TAG =
  /^#(EXTINF|EXT-X-(BYTERANGE|DISCONTINUITY$|KEY|MAP|PROGRAM-DATE-TIME|GAP|BITRATE))/;

/** Longer segments than a day are a mistake of whoever wrote the list. */
const LONGEST_SEGMENT = 86_400;

/** Seconds of an EXTINF; 0 for what is none, and then the segment does not count. */
function playingTime(text: string): number {
  const value = Number.parseFloat(text);
  return value >= 0 && value <= LONGEST_SEGMENT ? value : 0;
}

/** A decimal integer as RFC 8216 §4.2 has it; undefined when the tag is not there or holds no such. */
const numberOf = (lines: readonly string[], tag: string) => {
  const text = lines.find((line) => line.startsWith(tag))?.slice(tag.length);
  const digits = /^\s*(\d{1,15})\s*$/.exec(text ?? "")?.[1];
  return digits === undefined ? undefined : Number(digits);
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

/** Seconds of all segments; only a playlist that has some can be a channel. */
export const playingSeconds = ({ segments }: Playlist) =>
  segments.reduce((sum, segment) => sum + segment.seconds, 0);

/** A master playlist whose variants are asked for with the same query, so that they are live too. */
export function withQuery(text: string, query: string): string {
  const asked = (uri: string) => `${uri}${uri.includes("?") ? "&" : "?"}${query}`;
  return text
    .split(/\r?\n/)
    .map((line) => {
      if (line.trim() === "") return line;
      if (!line.startsWith("#")) return asked(line.trim());
      return line.replace(/([:,]URI=")([^"]*)"/, (_, before, uri) => `${before}${asked(uri)}"`);
    })
    .join("\n");
}
