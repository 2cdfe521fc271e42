/** The hardware abstraction layer: everything the agent knows of the machine it runs on. */
import type { Cpu } from "./cpu.ts";
import type { IngressControl } from "./ingress-control.ts";
import type { Nic } from "./nic.ts";
import type { Playback } from "./playback.ts";
import type { PortMapper } from "./port-mapping.ts";
import type { Router } from "./router.ts";
import type { Storage } from "./storage.ts";
import type { Thermal } from "./thermal.ts";
import type { TrafficControl } from "./traffic-control.ts";

/** Facts that do not change while the agent runs; undefined where the board does not tell. */
export interface DeviceFacts {
  readonly model?: string;
  readonly serial?: string;
  readonly cores?: number;
  readonly memory?: number;
  readonly os?: string;
}

export interface Device {
  readonly nic: Nic;
  readonly cpu: Cpu;
  readonly thermal: Thermal;
  readonly storage: Storage;
  readonly trafficControl: TrafficControl;
  readonly ingressControl: IngressControl;
  readonly router: Router;
  readonly portMapper: PortMapper;
  readonly playback: Playback;
  facts(): Promise<DeviceFacts>;
}
