import type { ShapingInForce, TrafficControl } from "../traffic-control.ts";
import type { SimulatedModel } from "./model.ts";
import { obstacleOn } from "./obstacle.ts";

export interface SimulatedTrafficControl extends TrafficControl {
  /** A qdisc that somebody else put on the device, until it is taken away again. */
  setForeign(qdisc: string | undefined): void;
  /** Why there is no traffic control, or undefined when there is. */
  setUnavailable(reason: string | undefined): void;
}

const CEILING = "traffic-control";

export function createSimulatedTrafficControl(model: SimulatedModel): SimulatedTrafficControl {
  let shaped: Extract<ShapingInForce, { state: "shaped" }> | undefined;
  let sentBefore = 0;
  let foreign: string | undefined;
  let missing: string | undefined;

  const drop = () => {
    shaped = undefined;
    model.setCeiling(CEILING, undefined);
  };
  const read = (device: string): ShapingInForce => {
    if (missing) return { state: "unavailable", reason: missing };
    const obstacle = obstacleOn(device, model, foreign);
    if (obstacle) return obstacle;
    if (shaped?.device !== device) return { state: "none" };
    return { ...shaped, sent: model.now.sentByPeers - sentBefore };
  };

  return {
    read: async (device) => read(device),
    async apply(plan) {
      const found = read(plan.device);
      if (found.state === "unavailable" || found.state === "foreign") return found;
      if (found.state === "none") sentBefore = model.now.sentByPeers;
      shaped = { state: "shaped", ...plan, leaf: "fq_codel", sent: 0 };
      model.setCeiling(CEILING, plan.rate);
      return read(plan.device);
    },
    async remove(device) {
      if (shaped?.device === device) drop();
    },
    setForeign(qdisc) {
      foreign = qdisc;
      if (qdisc) drop();
    },
    setUnavailable(reason) {
      missing = reason;
      if (reason) drop();
    },
  };
}
