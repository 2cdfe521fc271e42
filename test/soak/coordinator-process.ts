/**
 * A coordinator as a process of its own, for the soak: the same parts as `spareband coordinator`,
 * but with tickets of 2 MiB, so that there are many of them, and every title on every box.
 */
import { loadConfig } from "../../agent/config.ts";
import { defaultPolicy } from "../../agent/coordinator/policy.ts";
import { openCoordinatorDaemon } from "../../agent/coordinator-daemon.ts";
import { createLog } from "../../agent/core/log.ts";
import { runAll } from "../../agent/core/part.ts";
import { systemRandom } from "../../agent/core/random.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { mebibytes } from "../../agent/core/units.ts";

const TICKET = mebibytes(2);

const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
const [file = ""] = process.argv.slice(2);
const { config } = loadConfig({ file, environment: {} });
await using daemon = await openCoordinatorDaemon({
  config,
  clock: systemClock,
  random: systemRandom,
  policy: { ...defaultPolicy("dev"), ticketBytes: TICKET, strangerTicketBytes: TICKET },
  placement: { minReplicas: 16, loadFactor: 0.5, maxShare: 1 },
  log: createLog({
    format: "text",
    level: "info",
    write: (line) => process.stderr.write(`${line}\n`),
  }),
});
process.stdout.write("runs\n");
await runAll(daemon.parts, stop.signal);
