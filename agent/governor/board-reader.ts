/** Reads the console about once a second: processor, heat, playback and whether there is a route. */
import type { CpuReading } from "../../hardware/cpu.ts";
import type { Device } from "../../hardware/device.ts";
import { milliseconds } from "../core/units.ts";
import type { BoardSample } from "./comfort.ts";

export type BoardDevices = Pick<Device, "cpu" | "thermal" | "playback" | "router">;

/** A reading that takes longer than this counts as missing; the next one does not wait for it. */
export const BOARD_PERIOD = milliseconds(1000);
/** The router is asked over the network, so seldom. */
const ROUTER_EVERY = 10;

export interface BoardReading {
  readonly board: BoardSample;
  /** Present when the router was asked this time. */
  readonly online?: boolean;
}

export class BoardReader {
  readonly #devices: BoardDevices;
  #before: CpuReading | undefined;
  #count = 0;

  constructor(devices: BoardDevices) {
    this.#devices = devices;
  }

  async read(): Promise<BoardReading> {
    const { cpu, thermal, playback, router } = this.#devices;
    const askRouter = this.#count++ % ROUTER_EVERY === 0;
    const [load, zones, state, route] = await Promise.all([
      cpu.read(),
      thermal.read(),
      playback.read(),
      askRouter ? router.read() : undefined,
    ]);
    const busy = this.#before && load ? busyShare(this.#before, load) : undefined;
    this.#before = load;
    return {
      board: {
        ...(busy !== undefined && { busy }),
        ...pressures(load),
        zones,
        playback: state,
      },
      ...(route && { online: route.gateway !== undefined }),
    };
  }
}

function pressures(load: CpuReading | undefined) {
  const { cpu, io, memory } = load?.pressure ?? {};
  return {
    ...(cpu !== undefined && { cpuPressure: cpu }),
    ...(io !== undefined && { ioPressure: io }),
    ...(memory !== undefined && { memoryPressure: memory }),
  };
}

/** Busy share of the cores that are in both readings; undefined when none moved. */
export function busyShare(before: CpuReading, after: CpuReading): number | undefined {
  const earlier = new Map(before.cores.map((core) => [core.core, core]));
  let busy = 0;
  let total = 0;
  for (const core of after.cores) {
    const old = earlier.get(core.core);
    if (!old || core.total < old.total) continue;
    // The kernel lets a core's waiting time fall back when it is taken off and put on again.
    busy += Math.max(0, core.busy - old.busy);
    total += core.total - old.total;
  }
  return total > 0 ? Math.min(1, Math.max(0, busy / total)) : undefined;
}
