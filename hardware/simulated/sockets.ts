/** All peers as one connection over the simulated home's line. */
import type { Clock } from "../../agent/core/clock.ts";
import { type BitsPerSecond, bytes, milliseconds } from "../../agent/core/units.ts";
import type { PeerReading, PeerSockets } from "../sockets.ts";
import type { SimulatedModel } from "./model.ts";

const SEGMENT = bytes(1448);
const PEER = "peer";

export function createSimulatedPeerSockets(model: SimulatedModel, clock: Clock): PeerSockets {
  return {
    ability: "paced",
    async read(): Promise<PeerReading> {
      const { sentByPeers } = model.now;
      const { baseDelay, uplink, peerDemand } = model.home;
      const rtt = model.delay ?? baseDelay;
      const waiting = ((rtt - baseDelay) * uplink) / 8000;
      const flying = (model.sending * baseDelay) / 8000 + waiting;
      const acknowledged = bytes(Math.max(0, sentByPeers - flying));
      const flow = {
        id: PEER,
        rtt,
        minRtt: milliseconds(baseDelay),
        segment: SEGMENT,
        window: 1000,
        inFlight: Math.ceil(flying / SEGMENT),
        notSent: bytes(peerDemand > model.sending ? 65_536 : 0),
        quiet: milliseconds(0),
        unheard: milliseconds(0),
        sent: sentByPeers,
        acknowledged,
        retransmitted: 0,
        marked: 0,
      };
      return {
        at: clock.monotonicMs(),
        flows: peerDemand > 0 ? [flow] : [],
        sent: sentByPeers,
        acknowledged,
        retransmitted: 0,
        marked: 0,
      };
    },
    pace(id: string, rate: BitsPerSecond) {
      if (id !== PEER) return false;
      model.setCeiling("pacing", rate);
      return true;
    },
    paceNew(rate: BitsPerSecond) {
      if (model.home.peerDemand === 0) model.setCeiling("pacing", rate);
    },
    control() {},
    cut(id: string) {
      if (id !== PEER || model.home.peerDemand === 0) return false;
      model.change({ peerDemand: 0 as BitsPerSecond });
      return true;
    },
  };
}
