import type { Obstacle } from "../traffic-control.ts";
import type { SimulatedModel } from "./model.ts";

/** What keeps anybody from shaping the device: it is gone, or has a qdisc that somebody else put there. */
export function obstacleOn(
  device: string,
  { home }: Pick<SimulatedModel, "home">,
  foreign: string | undefined,
): Obstacle | undefined {
  const { name, plugged } = home.nic;
  if (!plugged || device !== name)
    return { state: "unavailable", reason: "the network interface is gone" };
  return foreign === undefined ? undefined : { state: "foreign", device, qdisc: foreign };
}
