/** Delay probes through the simulated home's line: an answer comes after the delay that it met. */
import type { Clock } from "../../agent/core/clock.ts";
import { milliseconds } from "../../agent/core/units.ts";
import type { DelayProbe, ProbeReply, ProbeTarget } from "../probe.ts";
import type { SimulatedModel } from "./model.ts";

export function createSimulatedProbe(model: SimulatedModel, clock: Clock): DelayProbe {
  let flying: { readonly due: number; readonly reply: ProbeReply }[] = [];
  return {
    send(target: ProbeTarget) {
      const rtt = model.delay;
      if (rtt === undefined) return false;
      const sentAt = clock.monotonicMs();
      const outward = milliseconds(sentAt + rtt - model.home.baseDelay / 2);
      const reply = { target, sentAt, rtt, ...(target.kind === "reflector" && { outward }) };
      flying.push({ due: sentAt + rtt, reply });
      return true;
    },
    receive() {
      const now = clock.monotonicMs();
      const due = flying.filter((probe) => probe.due <= now);
      flying = flying.filter((probe) => probe.due > now);
      return due.map((probe) => probe.reply);
    },
    unanswered: () => flying[0]?.reply.sentAt,
    // One first-in-first-out queue serves all flows alike: a train would tell nothing.
    sendTrain: () => false,
    receiveTrain: () => undefined,
    close() {
      flying = [];
    },
  };
}
