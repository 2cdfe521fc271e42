import type { BitsPerSecond } from "../core/units.ts";

export type PacerState =
  | { readonly state: "pacing" }
  | { readonly state: "unavailable"; readonly reason: string };

/** Holds the sum of what peers get below a rate without privilege, socket by socket. */
export interface Pacer {
  readonly state: PacerState;
  /**
   * Cheap, idempotent and in force at once. Absent where the governor spreads its rate over the
   * sockets by itself, as it does on a box.
   */
  setRate?(rate: BitsPerSecond): void;
}
