/** `spareband coordinator`: the daemon that an operator runs beside an MQTT broker. */
import type { Command } from "commander";
import { openCoordinatorDaemon } from "../coordinator-daemon.ts";
import { runAll } from "../core/part.ts";
import { systemRandom } from "../core/random.ts";
import { createServiceNotify } from "../core/sd-notify.ts";
import { systemClock } from "../core/system-clock.ts";
import { createWatchdog, watchdogLimit } from "../core/watchdog.ts";
import { type CommandContext, type CommonOptions, readConfig } from "./context.ts";

export function register(program: Command, context: CommandContext): void {
  program
    .command("coordinator")
    .description("operator: matches viewers with boxes, verifies usage, keeps the ledger")
    .action((options: CommonOptions) => run(options, context));
}

async function run(options: CommonOptions, context: CommandContext): Promise<void> {
  const { config, log } = readConfig(options, context);
  const clock = systemClock;
  await using daemon = await openCoordinatorDaemon({ config, clock, random: systemRandom, log });
  const notify = createServiceNotify(context.environment.NOTIFY_SOCKET);
  const limit = watchdogLimit(context.environment.WATCHDOG_USEC);
  const watchdog =
    limit === undefined ? [] : [createWatchdog({ notify, limit, checks: [], clock, log })];
  log.notice("coordinator runs", { url: daemon.coordinator.url, origin: daemon.originUrl });
  notify.ready(`API at ${daemon.coordinator.url}`);
  await runAll([...daemon.parts, ...watchdog], context.signal);
  notify.stopping("bye");
}
