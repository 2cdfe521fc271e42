import type { Milliseconds } from "../agent/core/units.ts";

export interface CpuReading {
  /** Monotonic time of the reading. */
  readonly at: Milliseconds;
  /** Cumulative busy and total time of each core that is online, in clock ticks. */
  readonly cores: readonly {
    readonly core: number;
    readonly busy: number;
    readonly total: number;
  }[];
  /** PSI "some" over the last 10 s, in per cent; undefined on kernels without CONFIG_PSI. */
  readonly pressure?: { readonly cpu?: number; readonly io?: number; readonly memory?: number };
}

export interface Cpu {
  /** undefined when the kernel does not tell. */
  read(): Promise<CpuReading | undefined>;
}
