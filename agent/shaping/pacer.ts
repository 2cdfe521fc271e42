import type { BitsPerSecond } from "../core/units.ts";

export type PacerState =
  | { readonly state: "pacing" }
  | { readonly state: "unavailable"; readonly reason: string };

/**
 * Holds the sum of what peers get below a rate without privilege, socket by socket. `setRate` is
 * cheap, idempotent and in force at once; `state` says whether it can be.
 */
export interface Pacer {
  setRate(rate: BitsPerSecond): void;
  readonly state: PacerState;
}
