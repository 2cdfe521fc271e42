/** The lines that are emulated. */
import type { Line } from "./home.ts";

export const ordinary: Line = { up: 20_000, down: 100_000, buffer: 250, rtt: 20 };

/** The ordinary line, and those on which it must be just as good. */
export const lines: readonly (readonly [string, Line])[] = [
  ["20/100", ordinary],
  ["2/10", { ...ordinary, up: 2000, down: 10_000 }],
  ["5/50", { ...ordinary, up: 5000, down: 50_000 }],
  ["50/500", { ...ordinary, up: 50_000, down: 500_000 }],
  ["200/200", { ...ordinary, up: 200_000, down: 200_000 }],
  ["buffer 20 ms", { ...ordinary, buffer: 20 }],
  ["buffer 100 ms", { ...ordinary, buffer: 100 }],
  ["buffer 1 s", { ...ordinary, buffer: 1000 }],
  ["RTT 5 ms", { ...ordinary, rtt: 5 }],
  ["RTT 50 ms", { ...ordinary, rtt: 50 }],
  ["RTT 150 ms", { ...ordinary, rtt: 150 }],
];
