/** `spareband coordinator`: the daemon that an operator runs beside an MQTT broker. */
import type { Command } from "commander";
import { openCoordinatorDaemon, rotateCoordinatorKey } from "../coordinator-daemon.ts";
import { runAll } from "../core/part.ts";
import { systemRandom } from "../core/random.ts";
import { createServiceNotify } from "../core/sd-notify.ts";
import { systemClock } from "../core/system-clock.ts";
import { createWatchdog, watchdogLimit } from "../core/watchdog.ts";
import { actAsOwnerOf } from "./as-owner.ts";
import { type CommandContext, type CommonOptions, readConfig } from "./context.ts";

interface CoordinatorCommand extends CommonOptions {
  readonly rotateKey?: boolean;
  readonly json?: boolean;
}

export function register(program: Command, context: CommandContext): void {
  program
    .command("coordinator")
    .description("operator: matches viewers with boxes, verifies usage, keeps the ledger")
    .option("--rotate-key", "make a new key that the old one vouches for, and end")
    .option("--json", "print the keys as JSON")
    .action((options: CoordinatorCommand) =>
      options.rotateKey ? rotate(options, context) : run(options, context),
    );
}

function rotate(options: CoordinatorCommand, context: CommandContext): void {
  const { config } = readConfig(options, context);
  actAsOwnerOf(config["coordinator.state_dir"]);
  const keys = rotateCoordinatorKey({ config, clock: systemClock, random: systemRandom });
  if (options.json) context.print(JSON.stringify(keys));
  else {
    context.print(`old key: ${keys.previous}`);
    context.print(`new key: ${keys.next}`);
    context.print(
      "Start the coordinator: it signs with the new key, and whoever knows the old one is told.",
    );
  }
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
