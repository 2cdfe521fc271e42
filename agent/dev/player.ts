/** A simple HLS player: reads the playlists and takes each segment when it is due. */
import { type Playlist, parsePlaylist, resolveUri } from "../content/playlist.ts";
import type { Clock } from "../core/clock.ts";
import { exitCode, OperatorError } from "../core/errors.ts";
import { milliseconds } from "../core/units.ts";

export interface PlayerOptions {
  /** Of the title on a gateway, with a slash at the end. */
  readonly base: string;
  readonly playlist: string;
  /** Media seconds that pass in a second. */
  readonly speed: number;
  /** Stops after so much media. */
  readonly seconds?: number;
  readonly clock: Clock;
  readonly onSegment?: (played: PlayerState) => void;
}

export interface PlayerState {
  readonly mediaSeconds: number;
  readonly segments: number;
  readonly bytes: number;
  /** Times a segment came after its moment. */
  readonly stalls: number;
}

/** Plays once; resolves with what was played when the title ends, enough was played, or the signal aborts. */
export async function playTitle(options: PlayerOptions, signal: AbortSignal): Promise<PlayerState> {
  const { base, clock, speed, onSegment } = options;
  const { path, playlist } = await findMedia(base, options.playlist, signal);
  let state: PlayerState = { mediaSeconds: 0, segments: 0, bytes: 0, stalls: 0 };
  const started = clock.monotonicMs();
  let late = 0;
  for (const segment of playlist.segments) {
    if (signal.aborted || state.mediaSeconds >= (options.seconds ?? Number.POSITIVE_INFINITY))
      break;
    const due = started + late + (state.mediaSeconds * 1000) / speed;
    await clock.sleep(milliseconds(Math.max(0, due - clock.monotonicMs())), signal);
    const uri = resolveUri(path, segment.uri) ?? segment.uri;
    const data = await get(base + uri, signal);
    const end = due + (segment.seconds * 1000) / speed;
    const behind = Math.max(0, clock.monotonicMs() - end);
    late += behind;
    state = {
      mediaSeconds: state.mediaSeconds + segment.seconds,
      segments: state.segments + 1,
      bytes: state.bytes + data.byteLength,
      stalls: state.stalls + (behind > 0 ? 1 : 0),
    };
    onSegment?.(state);
  }
  return state;
}

async function findMedia(
  base: string,
  name: string,
  signal: AbortSignal,
): Promise<{ readonly path: string; readonly playlist: Playlist }> {
  const playlist = parsePlaylist(new TextDecoder().decode(await get(base + name, signal)));
  if (!playlist) throw unplayable(name, "it is no HLS playlist");
  if (playlist.kind === "media") return { path: name, playlist };
  const [variant] = playlist.uris;
  const next = variant === undefined ? undefined : resolveUri(name, variant);
  if (next === undefined || next === name) throw unplayable(name, "it names no media");
  return findMedia(base, next, signal);
}

async function get(url: string, signal: AbortSignal): Promise<ArrayBuffer> {
  const response = await fetch(url, { signal });
  if (!response.ok) throw unplayable(url, `the gateway answered ${response.status}`);
  return response.arrayBuffer();
}

const unplayable = (what: string, why: string) =>
  new OperatorError(exitCode.unavailable, `cannot play ${what}: ${why}`);
