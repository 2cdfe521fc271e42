import type { BitsPerSecond } from "../core/units.ts";

/** Why sharing is as it is, as a code; `reason-text.ts` says it in words a household understands. */
export type Reason =
  | "line-idle"
  | "learning-line"
  | "someone-uploading"
  | "line-busy"
  | "line-unknown"
  | "signals-missing"
  | "rate-limited"
  | "another-box"
  | "playback"
  | "playback-unknown"
  | "cpu-busy"
  | "warm"
  | "heat-unknown"
  | "quiet-hours"
  | "daily-cap"
  | "monthly-cap"
  | "metered"
  | "paused"
  | "no-consent"
  | "offline"
  | "storage-failing"
  | "outbox-full"
  | "quarantined"
  | "limit-breached";

export interface Sharing {
  readonly state: "sharing";
  readonly rate: BitsPerSecond;
  /** Responses at once, by what is free: it stays in a moment of less. */
  readonly maxStreams: number;
  readonly reason: Reason;
}

/** What the governor allows now. `held` is zero: no new requests, running ones paced out or cut. */
export type Verdict = Sharing | { readonly state: "held"; readonly reason: Reason };

/** Who decides: peers ask it before each request, the shaper after each change. */
export interface VerdictSource {
  readonly current: Verdict;
}
