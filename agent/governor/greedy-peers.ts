/** Peers that take all they are given, for tests that feed the law tick by tick. */
import { bytes } from "../core/units.ts";
import type { PeerSample } from "./sample.ts";

/** @param sent bytes since the start, of which `acknowledged` (all when absent) arrived. */
export function greedyPeers(
  sent: number,
  { acknowledged = sent, retransmitted = 0 } = {},
): PeerSample {
  return {
    acknowledged: bytes(acknowledged),
    sent: bytes(sent),
    retransmitted,
    marked: 0,
    busy: 2,
    inFlight: bytes(Math.max(3000, sent - acknowledged)),
    waiting: bytes(1e6),
  };
}
