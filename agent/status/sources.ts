/** What the page and its API show and change, handed in by the composition root. All of it is real state. */
import type { Hash, PublicKey } from "../core/encoding.ts";
import type {
  BitsPerSecond,
  Bytes,
  MicroTokens,
  Milliseconds,
  UnixSeconds,
} from "../core/units.ts";
import type { Verdict } from "../governor/verdict.ts";
import type { Health } from "../health/health.ts";
import type { ConsentChoice } from "./choices.ts";
import type { Household } from "./household.ts";
import type { MakerLimits } from "./household-policy.ts";

export interface SharingNow {
  readonly verdict: Verdict;
  /** Measured by the kernel's counters; undefined where they do not tell. */
  readonly measuredRate?: BitsPerSecond;
  /** What is in force, not what was asked for; undefined while nothing is shaped. */
  readonly enforcedRate?: BitsPerSecond;
  readonly enforcedBy: "kernel" | "program" | "nothing";
  /** Viewers that are served now, and that wait. */
  readonly streams: number;
  readonly waiting: number;
  /** Signals that the governor misses. */
  readonly missing: readonly Signal[];
}

/** What the governor may lack to see the line and the box with. */
export type Signal =
  | "delay-probes"
  | "peer-connections"
  | "processor"
  | "temperature"
  | "playback"
  | "router";

export interface Usage {
  readonly today: Bytes;
  readonly month: Bytes;
}

export interface Earnings {
  /** The coordinator's signed total. */
  readonly credited: MicroTokens;
  /** When it was signed; undefined before the first ack. */
  readonly asOf?: UnixSeconds;
  /** Records that were signed since the box's chain began, and those that were not answered yet. */
  readonly signedRecords: number;
  readonly pendingRecords: number;
  readonly wallet: PublicKey;
}

export interface TitleRow {
  readonly title: Hash;
  readonly name: string;
  readonly kind: "video" | "music" | "files";
  readonly held: Bytes;
  readonly size: Bytes;
}

export interface RecordRow {
  readonly generation: number;
  readonly sequence: number;
  readonly title: Hash;
  readonly provenBytes: Bytes;
  readonly wireBytes: Bytes;
  readonly wallTime: UnixSeconds;
  readonly closeReason: string;
  readonly outcome: "pending" | "credited" | "refused";
  /** Why it was refused, and the code's own words, in English. */
  readonly code?: string;
  readonly why?: string;
}

/** One item of the export, for the file that verifies and for the one that reads. */
export interface ExportedItem {
  readonly cbor: Uint8Array;
  /** A line with its end. */
  readonly json: string;
}

export interface StatusSources {
  readonly box: PublicKey;
  readonly version: string;
  readonly environment: "dev" | "prod";
  readonly household: Household;
  readonly maker: MakerLimits;
  readonly health: Health;
  readonly sharing: () => SharingNow;
  readonly usage: () => Usage;
  readonly earnings: () => Earnings;
  readonly content: {
    titles(): readonly TitleRow[];
    blocked(): readonly { readonly title: Hash; readonly name?: string }[];
    readonly capacity: Bytes;
    /** Deletes; it may come back by placement, unless it is blocked. False when it is not held. */
    delete(title: Hash): Promise<boolean>;
    /** Deletes, and never takes it again until unblocked. */
    block(title: Hash): Promise<void>;
    unblock(title: Hash): Promise<void>;
  };
  /** Newest first; at most `limit`, older than `before` where it is given. */
  readonly records: (limit: number, before?: number) => readonly RecordRow[];
  /** Everything that proves what was served and earned, item by item; absent while there is no journal. */
  readonly exported?: (signal: AbortSignal) => AsyncIterable<ExportedItem>;
  /** Signs the household's consent and sends it to the coordinator. */
  readonly consentChanged: (consent: ConsentChoice) => void;
  /** Local minutes east of UTC at a time: summer's are not winter's. */
  readonly utcOffsetMinutes: (at: UnixSeconds) => number;
  /** Since the service started. */
  readonly uptime: () => Milliseconds;
}
