/** What the console itself plays to the household. `unknown` must be treated as "maybe". */
export type PlaybackState = "playing" | "idle" | "unknown";

export interface Playback {
  read(): Promise<PlaybackState>;
}
