import type { Clock } from "../../agent/core/clock.ts";
import { bytes, type Milliseconds, milliseconds } from "../../agent/core/units.ts";
import type { Nic, NicReading } from "../nic.ts";
import type { FileTree } from "./file-tree.ts";
import { type NicLink, readLink } from "./nic-link.ts";
import { readDefaultRoutes } from "./routes.ts";

/** How long routes, carrier and speed are believed, so that fast sampling reads two files, not ten. */
const LINK_AGE = milliseconds(1000);

interface Followed extends NicLink {
  readonly name: string;
  readonly seen: Milliseconds;
}

/**
 * The interface of the default route, IPv4 before IPv6, as the kernel prefers them; followed when
 * it is renamed, replaced or the route moves. `interface` pins it to one name.
 */
export function createLinuxNic(options: {
  readonly tree: FileTree;
  readonly clock: Clock;
  readonly interface?: string;
}): Nic {
  const { tree, clock } = options;
  let followed: Followed | undefined;

  async function follow(): Promise<Followed | undefined> {
    const routes = options.interface ? undefined : await readDefaultRoutes(tree);
    const name = options.interface ?? routes?.v4?.device ?? routes?.v6?.device;
    if (name === undefined || !isInterfaceName(name)) return undefined;
    return { name, seen: clock.monotonicMs(), ...(await readLink(tree, name)) };
  }

  async function count({
    name,
    medium,
    speed,
    carrier,
  }: Followed): Promise<NicReading | undefined> {
    const statistics = `/sys/class/net/${name}/statistics`;
    const [received, sent] = await Promise.all([
      tree.integer(`${statistics}/rx_bytes`),
      tree.integer(`${statistics}/tx_bytes`),
    ]);
    if (received === undefined || sent === undefined) return undefined;
    // a driver's error number in place of a count
    if (received < 0 || sent < 0) return undefined;
    return {
      at: clock.monotonicMs(),
      name,
      medium,
      received: bytes(received),
      sent: bytes(sent),
      ...(speed !== undefined && { speed }),
      ...(carrier !== undefined && { carrier }),
    };
  }

  return {
    async read() {
      const fresh = followed && clock.monotonicMs() - followed.seen < LINK_AGE;
      if (followed && fresh) {
        const reading = await count(followed);
        if (reading) return reading;
      }
      followed = await follow();
      return followed && count(followed);
    },
  };
}

/** What the kernel's dev_valid_name() accepts; a name goes into a path, so it is checked. */
export const isInterfaceName = (name: string) =>
  /^[^\s/:]{1,15}$/.test(name) && name !== "." && name !== "..";
