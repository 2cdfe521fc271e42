/**
 * What serving takes of a core at 100 Mbit/s and 1 Gbit/s, measured at these rates: connections are read
 * and paced as the governor does, 20 times a second. A share that is worked out from the bytes per CPU second of
 * serve.ts leaves out what pacing costs, and what a second costs however little is sent in it.
 *
 *   bun test/bench/serve-share.ts [--seconds 8]
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { enterOwnLoopback } from "./own-loopback.ts";
import { SIZE, ticketScript, wholeScript, writeTickets } from "./serve-load.ts";
import { allowedCpus, cpuSeconds, missing, runWrk, startScript } from "./serve-tools.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "8" },
    inside: { type: "boolean", default: false },
  },
});
const seconds = Number(values.seconds);
/** Bun compiles what runs often; see serve.ts. */
const WARM_UP_S = 9;
const RATES = [100e6, 1000e6];

interface Share {
  readonly bitsPerSecond: number;
  /** Seconds of CPU time per second. */
  readonly cpu: number;
}

async function measure(
  rate: number,
  delivery: "open" | "receipted",
  script: (run: number) => string,
): Promise<Share> {
  await using box = await startScript("serve-box.ts", [String(SIZE), delivery, String(rate)], cpu);
  const file = join(directory, "wrk.lua");
  writeFileSync(file, script(0));
  await runWrk(box.url, WARM_UP_S, file, { cpu });
  writeFileSync(file, script(1));
  const before = cpuSeconds(box.pid);
  const load = await runWrk(box.url, seconds, file, { cpu });
  const spent = cpuSeconds(box.pid) - before;
  if (load.errors > 0) throw new Error(`${load.errors} of ${load.requests} requests failed`);
  return {
    bitsPerSecond: load.bytesPerSecond * 8,
    cpu: (spent * load.bytesPerSecond) / load.bytes,
  };
}

async function ranges(rate: number): Promise<Share> {
  const tickets = join(directory, `tickets-${rate}`);
  await writeTickets(tickets, [(rate / 8e9) * WARM_UP_S, (rate / 8e9) * seconds]);
  return await measure(rate, "receipted", (run) => ticketScript(`${tickets}.${run}`));
}

const absent = missing("wrk");
if (absent.length > 0) {
  console.log(`skipped: ${absent.join(" and ")} not installed`);
  process.exit(0);
}
const controlled = enterOwnLoopback(import.meta.path);
const cpu = controlled ? allowedCpus().at(-1) : undefined;
const directory = mkdtempSync(join(tmpdir(), "spareband-bench-"));
const shown = ({ bitsPerSecond, cpu: share }: Share) =>
  `${(share * 100).toFixed(2)} % (at ${(bitsPerSecond / 1e6).toFixed(0)} Mbit/s of content)`;
console.log("| paced at | whole file | 1 MiB ranges, tickets and receipts |");
console.log("|---|---|---|");
for (const rate of RATES) {
  const whole = shown(await measure(rate, "open", () => wholeScript));
  console.log(`| ${rate / 1e6} Mbit/s | ${whole} | ${shown(await ranges(rate))} |`);
}
rmSync(directory, { recursive: true });
