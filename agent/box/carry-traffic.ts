import type { SimulatedModel } from "../../hardware/simulated/model.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { every, type Part } from "../core/part.ts";
import { type Bytes, bytes, milliseconds } from "../core/units.ts";

const PERIOD = milliseconds(500);

/** Tells a simulated console what its real peer server sent, so that its counters show real traffic. */
export function carryTraffic(
  model: SimulatedModel,
  sentToPeers: () => Bytes,
  clock: Clock,
  log: Log,
): Part {
  let carried = 0;
  const carry = () => {
    const sent = sentToPeers();
    model.carry(bytes(Math.max(0, sent - carried)));
    carried = sent;
  };
  return {
    name: "carry-traffic",
    run: (signal) => every(PERIOD, carry, { clock, log, signal, name: "carry-traffic" }),
  };
}
