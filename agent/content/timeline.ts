/** What a title's files mean in time: segment order and durations of playlists, length of tracks. */
import { parseBuffer } from "music-metadata";
import type { TitleManifest } from "../accounting/messages.ts";
import { isAudio, isVideo } from "./media-type.ts";
import type { MediaSpan } from "./play-meter.ts";
import { type Playlist, resolveUri } from "./playlist.ts";

export interface TimedFile extends MediaSpan {
  readonly file: number;
}

/** Segments of a media playlist as files of the title, in playing order; byte ranges fall together. */
export function segmentsOf(
  manifest: TitleManifest,
  playlistPath: string,
  playlist: Playlist,
): readonly TimedFile[] {
  const index = new Map(manifest.files.map((file, at) => [file.path, at]));
  const timed: TimedFile[] = [];
  let start = 0;
  for (const segment of playlist.segments) {
    const file = index.get(resolveUri(playlistPath, segment.uri) ?? "");
    const last = timed.at(-1);
    if (last && last.file === file)
      timed[timed.length - 1] = { ...last, seconds: last.seconds + segment.seconds };
    else if (file !== undefined) timed.push({ file, start, seconds: segment.seconds });
    start += segment.seconds;
  }
  return timed;
}

/** Playing time of a progressive file, from its first bytes; undefined when they do not tell. */
export async function mediaSeconds(
  firstBytes: Uint8Array,
  size: number,
  mediaType: string,
): Promise<number | undefined> {
  if (!isAudio(mediaType) && !isVideo(mediaType)) return undefined;
  try {
    const info = { mimeType: mediaType, size };
    const { format } = await parseBuffer(firstBytes, info, { skipCovers: true });
    // A duration worked out from a cut-off file would be short; the bit rate is not.
    if (format.bitrate) return (size * 8) / format.bitrate;
    return format.duration;
  } catch {
    // Not a container whose length the first chunk tells; it plays all the same, uncounted.
    return undefined;
  }
}
