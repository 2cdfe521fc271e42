/** How a playlist looks as a live channel that repeats it: a sliding window (RFC 8216 §6.2.2). */
import { type Playlist, playingSeconds, type Segment } from "./playlist.ts";

/** What holds for a segment by itself, wherever the window begins. */
interface Standing {
  readonly segment: Segment;
  readonly discontinuity: boolean;
  readonly keys: Keys;
  readonly map?: { readonly line: string; readonly keys: Keys };
  /** EXTINF, BYTERANGE and what else belongs to this segment alone. */
  readonly own: readonly string[];
}

/** One KEY line for each key format (§4.3.2.4). */
type Keys = ReadonlyMap<string, string>;

const DISCONTINUITY = "#EXT-X-DISCONTINUITY";
const KEY = "#EXT-X-KEY:";
const MAP = "#EXT-X-MAP:";
const BYTERANGE = "#EXT-X-BYTERANGE:";
const NO_KEYS: Keys = new Map();

/**
 * The playlist as a channel that started `elapsedSeconds` ago and repeats for ever: the newest
 * `windowSize` segments, marked where the title starts over. Throws where nothing has a playing time.
 */
export function liveWindow(playlist: Playlist, elapsedSeconds: number, windowSize = 6): string {
  const total = playingSeconds(playlist);
  if (total <= 0) throw new RangeError("a playlist without playing time cannot be a channel");
  const standing = standingOf(playlist);
  const newest = newestSegment(playlist, elapsedSeconds % total);
  const last = Math.floor(elapsedSeconds / total) * standing.length + newest;
  const first = Math.max(0, last - windowSize + 1);
  return `${[
    "#EXTM3U",
    `#EXT-X-VERSION:${Math.max(3, playlist.version)}`,
    `#EXT-X-TARGETDURATION:${playlist.targetSeconds}`,
    `#EXT-X-MEDIA-SEQUENCE:${first}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${discontinuitiesBefore(standing, first)}`,
    ...segmentLines(standing, first, last),
  ].join("\n")}\n`;
}

function segmentLines(standing: readonly Standing[], first: number, last: number): string[] {
  const lines: string[] = [];
  let keys = NO_KEYS;
  let map: Standing["map"];
  const useKeys = (wanted: Keys) => {
    lines.push(...keyChange(keys, wanted));
    keys = wanted;
  };
  for (let at = first; at <= last; at++) {
    const each = standing[at % standing.length];
    if (!each) break;
    const startsOver = at > 0 && at % standing.length === 0;
    if (startsOver || each.discontinuity) lines.push(DISCONTINUITY);
    if (each.map && (startsOver || each.map !== map)) {
      useKeys(each.map.keys);
      lines.push(each.map.line);
      map = each.map;
    }
    useKeys(each.keys);
    lines.push(...each.own, each.segment.uri);
  }
  return lines;
}

/** A key holds until another one of its format, and all of them until METHOD=NONE. */
function keyChange(before: Keys, wanted: Keys): string[] {
  const ends = [...before.keys()].some((format) => !wanted.has(format));
  const held = ends ? NO_KEYS : before;
  const changed = [...wanted].filter(([format, line]) => held.get(format) !== line);
  return [...(ends ? [`${KEY}METHOD=NONE`] : []), ...changed.map(([, line]) => line)];
}

function standingOf({ segments, mediaSequence }: Playlist): readonly Standing[] {
  let keys: Keys = NO_KEYS;
  let map: Standing["map"];
  let range: { readonly uri: string; readonly end: number } | undefined;
  return segments.map((segment, index) => {
    const own: string[] = [];
    const numbered = () => withNumberAsIv(keys, mediaSequence + index);
    for (const line of segment.tags) {
      if (line.startsWith(KEY)) keys = withKey(keys, line);
      else if (line.startsWith(MAP)) map = { line, keys: numbered() };
      else if (line.startsWith(BYTERANGE)) {
        const from = range?.uri === segment.uri ? range.end : undefined;
        const placed = placeRange(line, from);
        own.push(placed.line);
        range = placed.end === undefined ? undefined : { uri: segment.uri, end: placed.end };
      } else if (line !== DISCONTINUITY) own.push(line);
    }
    const discontinuity = segment.tags.includes(DISCONTINUITY);
    return { segment, discontinuity, keys: numbered(), own, ...(map && { map }) };
  });
}

function withKey(keys: Keys, line: string): Keys {
  const bare = withoutTexts(line);
  if (/[:,]METHOD=NONE(,|$)/.test(bare)) return NO_KEYS;
  const format = /[:,]KEYFORMAT="([^"]*)"/.exec(line)?.[1] ?? IDENTITY;
  return new Map([...keys, [format, line]]);
}

const IDENTITY = "identity";
const withoutTexts = (line: string) => line.replace(/"[^"]*"/g, '""');

/** Without an IV it is the segment's number (§5.2), which in the window is another one. */
function withNumberAsIv(keys: Keys, sequence: number): Keys {
  const line = keys.get(IDENTITY);
  if (line === undefined || /[:,]IV=/.test(withoutTexts(line))) return keys;
  const iv = sequence.toString(16).padStart(32, "0");
  return new Map([...keys, [IDENTITY, `${line},IV=0x${iv}`]]);
}

/** `<length>` without `@<start>` goes on where the range before ended (§4.3.2.2). */
function placeRange(line: string, from: number | undefined) {
  const [, length, start] = /^(\d{1,15})(?:@(\d{1,15}))?$/.exec(line.slice(BYTERANGE.length)) ?? [];
  const begins = start === undefined ? from : Number(start);
  if (length === undefined || begins === undefined) return { line };
  return { line: `${BYTERANGE}${length}@${begins}`, end: begins + Number(length) };
}

/** Marks that have left the window, each with its segment (§6.2.2). */
function discontinuitiesBefore(standing: readonly Standing[], first: number): number {
  const passes = Math.floor(first / standing.length);
  const marks = (upTo: number) =>
    standing.slice(0, upTo).filter((each, at) => at === 0 || each.discontinuity).length;
  // every pass but the first begins with one, and that too where the title itself says so
  const opening = first > 0 && !standing[0]?.discontinuity ? 1 : 0;
  return passes * marks(standing.length) + marks(first % standing.length) - opening;
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
