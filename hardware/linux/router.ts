import type { Router } from "../router.ts";
import type { FileTree } from "./file-tree.ts";
import type { WanCounters } from "./igd/wan-counters.ts";
import { readDefaultRoutes } from "./routes.ts";

/** The default gateways, and the WAN counters of the IPv4 one where it tells them. */
export function createLinuxRouter(options: {
  readonly tree: FileTree;
  readonly wanCounters?: WanCounters;
}): Router {
  const { tree, wanCounters } = options;
  return {
    async read() {
      const routes = await readDefaultRoutes(tree);
      const v4 = routes.v4?.gateway;
      const v6 = routes.v6?.gateway;
      if (!routes.v4 && !routes.v6) return {};
      const wan = v4 && wanCounters ? await wanCounters.read(v4) : undefined;
      return {
        gateway: { ...(v4 && { v4 }), ...(v6 && { v6 }) },
        ...(wan && { wan }),
      };
    },
  };
}
