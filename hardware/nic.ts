import type { BitsPerSecond, Bytes, Milliseconds } from "../agent/core/units.ts";

export type Medium = "ethernet" | "wifi" | "cellular" | "unknown";

export interface NicReading {
  /** Monotonic time of the reading. */
  readonly at: Milliseconds;
  readonly name: string;
  readonly medium: Medium;
  /** Cumulative since the interface appeared. May restart at 0, or wrap at 2^32 on some boards. */
  readonly received: Bytes;
  readonly sent: Bytes;
  /** undefined when the driver does not say (Wi-Fi, many virtual ones). */
  readonly speed?: BitsPerSecond;
  /** undefined when the driver does not say. */
  readonly carrier?: boolean;
}

/** The interface that carries the default route. Reading changes nothing. */
export interface Nic {
  /** undefined when there is no such interface now; it may come back under another name. */
  read(): Promise<NicReading | undefined>;
}
