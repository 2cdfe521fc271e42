/** Where delay is measured: the coordinator's reflectors first, because they tell the way out apart. */
import { isIP } from "node:net";
import type { ProbeTarget } from "../../hardware/probe.ts";
import type { RouterReading } from "../../hardware/router.ts";

/**
 * @param reflectors `address:port`, literal addresses; others are left out, because a name could
 *   lead anywhere at each look-up.
 */
export function probeTargets(
  reflectors: readonly string[],
  gateway: RouterReading["gateway"],
): readonly ProbeTarget[] {
  const places: ProbeTarget[] = [];
  for (const reflector of reflectors) {
    const match = /^\[?([0-9a-fA-F:.]+?)\]?:(\d{1,5})$/.exec(reflector);
    const [, address = "", port = ""] = match ?? [];
    if (isIP(address) > 0 && Number(port) > 0 && Number(port) < 65_536)
      places.push({ kind: "reflector", address, port: Number(port) });
  }
  const own = gateway?.v4 ?? gateway?.v6;
  if (own !== undefined) places.push({ kind: "echo", address: own });
  return places;
}
