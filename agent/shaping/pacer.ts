import type { PeerSockets } from "../../hardware/sockets.ts";
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

/** The governor's own pacing of the peers' sockets, as far as it can be had here. */
export const governedPacing = (sockets: PeerSockets): Pacer => ({
  get state(): PacerState {
    if (sockets.ability === "paced") return { state: "pacing" };
    return { state: "unavailable", reason: `the peers' sockets are ${sockets.ability}` };
  },
});
