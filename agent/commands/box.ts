/** `spareband box`: the agent on a set-top box, as systemd runs it. */
import type { Command } from "commander";
import { createClockTrust } from "../../hardware/linux/clock-quality.ts";
import { createLinuxDevice } from "../../hardware/linux/device.ts";
import {
  openDelayProbe,
  openHomeLink,
  openLinePath,
  openPeerSockets,
} from "../../hardware/linux/line-access.ts";
import { createSimulatedDevice } from "../../hardware/simulated/device.ts";
import { type BoxOptions, openBox } from "../box.ts";
import { type Config, useTimeZone } from "../config.ts";
import type { Clock } from "../core/clock.ts";
import { reasonOf } from "../core/errors.ts";
import { type Part, runAll } from "../core/part.ts";
import { systemRandom } from "../core/random.ts";
import { createServiceNotify } from "../core/sd-notify.ts";
import { systemClock } from "../core/system-clock.ts";
import { createTimeZoneWatch } from "../core/time-zone.ts";
import { milliseconds } from "../core/units.ts";
import { createPulse, createWatchdog, watchdogLimit } from "../core/watchdog.ts";
import { deviceFingerprint } from "../identity/device-fingerprint.ts";
import { loadConfigOrLastGood, saveLastGood } from "../last-good-config.ts";
import { type CommandContext, type CommonOptions, createCommandLog } from "./context.ts";
import { pinnedKey } from "./identity.ts";

export function register(program: Command, context: CommandContext): void {
  program
    .command("box")
    .description(
      "maker: the agent on a set-top box, which shares what is idle and proves what it served",
    )
    .action((options: CommonOptions) => run(options, context));
}

async function run(options: CommonOptions, context: CommandContext): Promise<void> {
  const loaded = loadConfigOrLastGood({
    ...(options.config === undefined ? {} : { file: options.config }),
    environment: context.environment,
  });
  const { config } = loaded;
  const log = createCommandLog(config, context);
  for (const warning of loaded.warnings) log.warning("configuration", { problem: warning });
  if (loaded.broken) log.error("last good configuration in use", { problem: loaded.broken });
  const clock = systemClock;
  await using box = await openBox({
    config,
    ...createDevice(config, clock),
    createSockets: (ports) => openPeerSockets({ clock, ports }),
    probe: openDelayProbe({ clock, random: systemRandom }),
    path: openLinePath({ clock }),
    homeLink: config["box.hardware"] === "simulated" ? undefined : openHomeLink(),
    clockQuality: createClockTrust(() => clock.wallMs()),
    fingerprint: deviceFingerprint(),
    pinnedCoordinator: pinnedKey(config),
    brokenConfig: loaded.broken,
    configWarnings: loaded.warnings,
    clock,
    random: systemRandom,
    log,
  });
  const notify = createServiceNotify(context.environment.NOTIFY_SOCKET);
  const limit = watchdogLimit(context.environment.WATCHDOG_USEC);
  const { journal } = box.sharing ?? {};
  const pulseLimit = limit ?? milliseconds(60_000);
  const pulse = createPulse("timers", pulseLimit, clock);
  const heartbeat: Part = {
    name: "heartbeat",
    run: async (signal) => {
      while (!signal.aborted) {
        pulse.beat();
        await clock.sleep(milliseconds(1000), signal);
      }
    },
  };
  // Whoever set TZ for the service meant it.
  const zoned = context.environment.TZ !== undefined;
  const timeZone = zoned ? [] : [createTimeZoneWatch({ clock, log, use: useTimeZone })];
  const checks = [
    pulse,
    {
      name: "journal",
      alive: () => !journal || clock.monotonicMs() - journal.turnedAt <= pulseLimit,
    },
  ];
  const watchdog =
    limit === undefined ? [] : [createWatchdog({ notify, limit, checks, clock, log })];
  log.notice("box runs", { box: box.id, page: box.statusUrl });
  notify.ready(`page at ${box.statusUrl}`);
  if (!loaded.broken) keepAsLastGood(config, loaded, log);
  await runAll([...box.parts, heartbeat, ...timeZone, ...watchdog], context.signal);
  notify.stopping("bye");
}

function createDevice(config: Config, clock: Clock): Pick<BoxOptions, "device" | "simulated"> {
  if (config["box.hardware"] === "simulated") {
    const device = createSimulatedDevice({ clock });
    return { device, simulated: device.model };
  }
  const nic = config["box.nic"];
  const playbackStateFile = config["box.playback_state_file"];
  const device = createLinuxDevice({
    clock,
    ...(nic !== "" && { interface: nic }),
    ...(playbackStateFile !== "" && { playbackStateFile }),
  });
  return { device };
}

function keepAsLastGood(
  config: Config,
  loaded: Parameters<typeof saveLastGood>[1],
  log: ReturnType<typeof createCommandLog>,
): void {
  try {
    saveLastGood(config["box.state_dir"], loaded);
  } catch (fault) {
    log.warning("configuration not kept as last good", { reason: reasonOf(fault) });
  }
}
