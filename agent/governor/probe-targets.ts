/** Where the line's delay is measured: the coordinator's reflectors, which tell the way out apart. */
import { isIP } from "node:net";
import type { ProbeTarget } from "../../hardware/probe.ts";

/**
 * The gateway is never a place: it lies before the line, so the least delay of all places would
 * always be its own, and no queue would ever be seen.
 *
 * @param reflectors `address:port`, literal addresses; others are left out, because a name could
 *   lead anywhere at each look-up.
 */
export function probeTargets(reflectors: readonly string[]): readonly ProbeTarget[] {
  return reflectors.flatMap((reflector): ProbeTarget[] => {
    const match = /^\[?([0-9a-fA-F:.]+?)\]?:(\d{1,5})$/.exec(reflector);
    const [, address = "", port = ""] = match ?? [];
    const valid = isIP(address) > 0 && Number(port) > 0 && Number(port) < 65_536;
    return valid ? [{ kind: "reflector", address, port: Number(port) }] : [];
  });
}
