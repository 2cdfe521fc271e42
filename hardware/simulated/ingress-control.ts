import { isIP } from "node:net";
import type { IngressControl, IngressInForce } from "../ingress-control.ts";
import type { SimulatedModel } from "./model.ts";
import { obstacleOn } from "./obstacle.ts";

export interface SimulatedIngressControl extends IngressControl {
  /** An ingress qdisc that somebody else put on the device, until it is taken away again. */
  setForeign(qdisc: string | undefined): void;
}

/** Whoever fetches in the model is taken for one of the plan's sources. */
export function createSimulatedIngressControl(model: SimulatedModel): SimulatedIngressControl {
  let shaped: Extract<IngressInForce, { state: "shaped" }> | undefined;
  let receivedBefore = 0;
  let foreign: string | undefined;

  const drop = () => {
    shaped = undefined;
    model.setFetchCeiling(undefined);
  };
  const read = (device: string): IngressInForce => {
    const obstacle = obstacleOn(device, model, foreign);
    if (obstacle) return obstacle;
    if (shaped?.device !== device) return { state: "none" };
    return { ...shaped, received: model.now.received - receivedBefore };
  };

  return {
    read: async (device) => read(device),
    async apply(plan) {
      const found = read(plan.device);
      if (found.state === "unavailable" || found.state === "foreign") return found;
      const sources = plan.sources.filter(({ address }) => isIP(address) > 0);
      if (sources.length === 0) {
        drop();
        return read(plan.device);
      }
      if (found.state === "none") receivedBefore = model.now.received;
      shaped = { state: "shaped", ...plan, sources, received: 0 };
      model.setFetchCeiling(plan.rate);
      return read(plan.device);
    },
    async remove(device) {
      if (shaped?.device === device) drop();
    },
    setForeign(qdisc) {
      foreign = qdisc;
      if (qdisc) drop();
    },
  };
}
