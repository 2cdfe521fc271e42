import { parseFile } from "music-metadata";
import { fits, ISRC } from "../accounting/title-codes.ts";
import { reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";

export interface MusicTags {
  readonly title?: string;
  readonly artist?: string;
  readonly album?: string;
  readonly track?: number;
  /** Without hyphens, as messages carry it. */
  readonly isrc?: string;
}

/** Longest text that a manifest carries. */
const MAX_TEXT = 256;

/** Tags of an audio file as far as they can be read: bad tags make a poorer title, not a failed one. */
export async function readMusicTags(diskPath: string, log: Log): Promise<MusicTags> {
  try {
    const { common } = await parseFile(diskPath, { skipCovers: true, duration: false });
    const isrc = common.isrc?.map(plainIsrc).find((code) => code !== undefined);
    return {
      ...text("title", common.title),
      ...text("artist", common.albumartist ?? common.artist),
      ...text("album", common.album),
      ...(common.track.no && common.track.no > 0 && common.track.no < 10_000
        ? { track: common.track.no }
        : {}),
      ...(isrc && { isrc }),
    };
  } catch (fault) {
    log.warning("tags not readable", { file: diskPath, reason: reasonOf(fault) });
    return {};
  }
}

/** A code as tags have it, which is often with hyphens and in small letters. */
export function plainIsrc(code: string): string | undefined {
  const plain = code.replace(/[-\s]/g, "").toUpperCase();
  return fits(plain, ISRC) ? plain : undefined;
}

const text = <K extends string>(key: K, value: string | undefined) => {
  const clean = value
    ?.replace(/\p{Cc}/gu, " ")
    .trim()
    .slice(0, MAX_TEXT);
  return (clean ? { [key]: clean } : {}) as { readonly [P in K]?: string };
};
