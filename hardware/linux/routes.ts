import type { FileTree } from "./file-tree.ts";
import { type DefaultRoute, parseRoutesV4, parseRoutesV6 } from "./parse-routes.ts";

export interface DefaultRoutes {
  readonly v4?: DefaultRoute;
  readonly v6?: DefaultRoute;
}

/** The default route of each family that the kernel would take now. */
export async function readDefaultRoutes(tree: FileTree): Promise<DefaultRoutes> {
  const [textV4, textV6] = await Promise.all([
    tree.text("/proc/net/route"),
    tree.text("/proc/net/ipv6_route"),
  ]);
  const [v4] = parseRoutesV4(textV4 ?? "");
  const [v6] = parseRoutesV6(textV6 ?? "");
  return { ...(v4 && { v4 }), ...(v6 && { v6 }) };
}
