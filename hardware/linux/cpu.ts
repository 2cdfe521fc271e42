import type { Clock } from "../../agent/core/clock.ts";
import type { Cpu } from "../cpu.ts";
import type { FileTree } from "./file-tree.ts";
import { parsePressure, parseStat } from "./parse-cpu.ts";

/** Cores come and go: hot-plugged and parked ones are absent from a reading, not idle in it. */
export function createLinuxCpu(options: { readonly tree: FileTree; readonly clock: Clock }): Cpu {
  const { tree, clock } = options;
  return {
    async read() {
      const [stat, ...pressures] = await Promise.all([
        tree.text("/proc/stat"),
        tree.text("/proc/pressure/cpu"),
        tree.text("/proc/pressure/io"),
        tree.text("/proc/pressure/memory"),
      ]);
      const cores = parseStat(stat ?? "");
      if (cores.length === 0) return undefined;
      const [cpu, io, memory] = pressures.map(parsePressure);
      const pressure = {
        ...(cpu !== undefined && { cpu }),
        ...(io !== undefined && { io }),
        ...(memory !== undefined && { memory }),
      };
      const known = Object.keys(pressure).length > 0;
      return { at: clock.monotonicMs(), cores, ...(known && { pressure }) };
    },
  };
}
