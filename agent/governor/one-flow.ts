/** A peer's connection for tests: nothing to send, nothing on its way, unless they say so. */
import type { PeerFlow } from "../../hardware/sockets.ts";
import { bytes, milliseconds } from "../core/units.ts";

export const oneFlow = (change: Partial<PeerFlow> = {}): PeerFlow => ({
  id: "1",
  rtt: milliseconds(20),
  minRtt: milliseconds(20),
  segment: bytes(1448),
  window: 100,
  inFlight: 0,
  notSent: bytes(0),
  quiet: milliseconds(0),
  unheard: milliseconds(0),
  sent: bytes(1e6),
  acknowledged: bytes(1e6),
  retransmitted: 0,
  marked: 0,
  ...change,
});
