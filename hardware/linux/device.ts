/** The Linux board the agent runs on: every driver over one file tree and one command runner. */
import type { Clock } from "../../agent/core/clock.ts";
import type { Device, DeviceFacts } from "../device.ts";
import { createCommandRunner, type RunCommand } from "./command.ts";
import { createLinuxCpu } from "./cpu.ts";
import { readFacts } from "./facts.ts";
import { createFileTree } from "./file-tree.ts";
import { createWanCounters } from "./igd/wan-counters.ts";
import { createLinuxIngressControl } from "./ingress-control.ts";
import { createLinuxNic } from "./nic.ts";
import { createLinuxPlayback } from "./playback.ts";
import { createLinuxPortMapper } from "./port-mapping.ts";
import { createLinuxRouter } from "./router.ts";
import { createLinuxStorage } from "./storage.ts";
import { createLinuxThermal } from "./thermal.ts";
import { createLinuxTrafficControl } from "./traffic-control.ts";

export interface LinuxDeviceOptions {
  readonly clock: Clock;
  /** Where /proc and /sys are found; "/" but in tests. */
  readonly root?: string;
  /** Pins the interface; the one of the default route otherwise. */
  readonly interface?: string;
  /** A file of the vendor's whose first word is `playing` or `idle`. */
  readonly playbackStateFile?: string;
  /** Ask the router for its WAN counters over UPnP; on unless false. */
  readonly upnp?: boolean;
  readonly run?: RunCommand;
}

export function createLinuxDevice(options: LinuxDeviceOptions): Device {
  const { clock, root = "/", playbackStateFile: stateFile } = options;
  const tree = createFileTree(root);
  const run = options.run ?? createCommandRunner();
  let facts: Promise<DeviceFacts> | undefined;
  return {
    nic: createLinuxNic({
      tree,
      clock,
      ...(options.interface && { interface: options.interface }),
    }),
    cpu: createLinuxCpu({ tree, clock }),
    thermal: createLinuxThermal({ tree, clock }),
    storage: createLinuxStorage({ tree }),
    trafficControl: createLinuxTrafficControl({ tree, run }),
    ingressControl: createLinuxIngressControl({ run }),
    router: createLinuxRouter({
      tree,
      ...(options.upnp !== false && { wanCounters: createWanCounters({ clock }) }),
    }),
    portMapper: createLinuxPortMapper({ tree, clock }),
    playback: createLinuxPlayback({ tree, ...(stateFile && { stateFile }) }),
    facts: () => {
      facts ??= readFacts(tree, root === "/");
      return facts;
    },
  };
}
