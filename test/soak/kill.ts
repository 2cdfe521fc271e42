/**
 * The long run: `SPAREBAND_SOAK_KILLS=1000 bun test/soak/kill.ts` prints what came out as JSON and
 * ends with 1 when anything was paid that was not proven, or lost that was acknowledged. SIGTERM ends it early, with the report.
 */
import { soak } from "./soak.ts";

const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
const report = await soak(
  {
    kills: Number(process.env.SPAREBAND_SOAK_KILLS ?? 1000),
    seed: Number(process.env.SPAREBAND_SOAK_SEED ?? 1),
    boxes: 4,
    viewers: 4,
    pause: 500,
    tell: (line) => console.error(line),
  },
  stop.signal,
);
console.log(JSON.stringify(report, undefined, 2));
process.exitCode = report.violations.length === 0 ? 0 : 1;
