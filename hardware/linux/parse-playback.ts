import type { PlaybackState } from "../playback.ts";

/** XRUN and DRAINING are a player in trouble or at its last samples: still playing. */
const PLAYING: readonly string[] = ["RUNNING", "XRUN", "DRAINING"];
const IDLE: readonly string[] = [
  "OPEN",
  "SETUP",
  "PREPARED",
  "PAUSED",
  "SUSPENDED",
  "DISCONNECTED",
];

/** A substream is `closed`, or says its state on a line of its own (sound/core/pcm.c). */
export function parseAlsaStatus(text: string): PlaybackState {
  if (text.trim() === "closed") return "idle";
  const state = text.match(/^state: (\w+)$/m)?.[1];
  if (state === undefined) return "unknown";
  if (PLAYING.includes(state)) return "playing";
  return IDLE.includes(state) ? "idle" : "unknown";
}

/** The first word of a vendor's state file; undefined when the file says nothing we know. */
export function parseVendorState(text: string | undefined): PlaybackState | undefined {
  const word = text?.trim().split(/\s/)[0]?.toLowerCase();
  if (word === "playing" || word === "1") return "playing";
  if (word === "idle" || word === "0") return "idle";
  return text === undefined ? undefined : "unknown";
}
