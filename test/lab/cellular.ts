/** A made-up cellular uplink: a seeded random walk between 4 and 30 Mbit/s, new each tenth of a second. */
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "../../agent/core/random.ts";

const SECONDS = 60;
const STEP_MS = 100;
const PACKET_BITS = 12_000;

/** Writes the trace for linkemu: one delivery of 1500 bytes per line, in milliseconds. */
export function writeCellularTrace(seed = 7): { path: string; mean: number } {
  const random = seededRandom(seed);
  const times: number[] = [];
  let rate = 15e6;
  let owed = 0;
  for (let at = 0; at < SECONDS * 1000; at++) {
    if (at % STEP_MS === 0)
      rate = Math.min(30e6, Math.max(4e6, rate * (0.85 + 0.3 * random.unit())));
    for (owed += rate / 1000; owed >= PACKET_BITS; owed -= PACKET_BITS) times.push(at + 1);
  }
  const path = join(tmpdir(), `spareband-cellular-${seed}.trace`);
  writeFileSync(path, `${times.join("\n")}\n`);
  return { path, mean: (times.length * PACKET_BITS) / SECONDS };
}
