/** `spareband doctor`: one bundle of diagnostics, secrets left out. Needs no configuration and changes nothing. */
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import type { Command } from "commander";
import { createLinuxDevice } from "../../hardware/linux/device.ts";
import { type Config, loadConfig } from "../config.ts";
import { exitCode, OperatorError } from "../core/errors.ts";
import { systemClock } from "../core/system-clock.ts";
import { watchdogLimit } from "../core/watchdog.ts";
import { settings } from "../settings.ts";
import { version } from "../version.ts";
import type { CommandContext, CommonOptions } from "./context.ts";
import { attention, bad, type Finding, formatFindings, good } from "./doctor/finding.ts";
import { examineMachine } from "./doctor/machine.ts";
import { examineCapabilities, examineProgram, examineServiceManager } from "./doctor/program.ts";
import { changedSettings } from "./doctor/settings.ts";
import { examineSpace, examineStateDirectory, examineWallClock } from "./doctor/state.ts";

interface DoctorOptions extends CommonOptions {
  readonly selfTest?: boolean;
  readonly strict?: boolean;
}

export function register(program: Command, context: CommandContext): void {
  program
    .command("doctor")
    .description("maker: one bundle of diagnostics, secrets left out")
    .option("--json", "print the bundle as JSON")
    .option("--self-test", "the executable alone, not the machine around it")
    .option("--strict", "fail when something keeps Spareband from doing its job")
    .action((options: DoctorOptions) => doctor(options, context));
}

async function doctor(options: DoctorOptions, context: CommandContext): Promise<void> {
  const { finding: configuration, ...loaded } = configurationOrDefaults(options, context);
  const findings = [...examineProgram(), configuration];
  if (!options.selfTest) findings.push(...(await examineSurroundings(loaded.config, context)));
  print(findings, changedSettings(loaded), options, context);
  const broken = findings.filter((finding) => finding.outcome === "bad").map(({ name }) => name);
  if (options.strict && broken.length > 0) {
    throw new OperatorError(exitCode.failure, `not fit to run: ${broken.join(", ")}`);
  }
}

async function examineSurroundings(config: Config, context: CommandContext): Promise<Finding[]> {
  const stateDirectory = config["box.state_dir"];
  const { NOTIFY_SOCKET, WATCHDOG_USEC } = context.environment;
  const synchronised = textOf("/run/systemd/timesync/synchronized") !== undefined;
  const device = createLinuxDevice({
    clock: systemClock,
    ...(config["box.nic"] && { interface: config["box.nic"] }),
  });
  return [
    examineStateDirectory(stateDirectory),
    examineSpace(stateDirectory),
    examineWallClock(systemClock.wallMs(), synchronised),
    examineCapabilities(textOf("/proc/self/status")),
    examineServiceManager(NOTIFY_SOCKET, watchdogLimit(WATCHDOG_USEC)),
    ...(await examineMachine(device, systemClock.sleep)),
    await examinePage(config["status.listen"]),
  ];
}

function print(
  findings: readonly Finding[],
  changed: Readonly<Record<string, unknown>>,
  options: DoctorOptions,
  context: CommandContext,
): void {
  if (options.json) {
    context.print(JSON.stringify({ version, findings, settings: changed }, undefined, 2));
    return;
  }
  for (const line of formatFindings(findings)) context.print(line);
  const keys = Object.entries(changed);
  if (keys.length > 0) context.print("\nsettings that are not the default:");
  for (const [key, value] of keys) context.print(`  ${key} = ${JSON.stringify(value)}`);
}

/** A broken configuration is a finding; the rest is then examined with what holds by default. */
function configurationOrDefaults(options: DoctorOptions, { environment }: CommandContext) {
  try {
    const file = options.config === undefined ? {} : { file: options.config };
    const { config, written, warnings } = loadConfig({ ...file, environment });
    const finding =
      warnings.length === 0
        ? good("configuration", "read without complaint")
        : attention("configuration", warnings.join("; "));
    return { config, written, finding };
  } catch (fault) {
    if (!(fault instanceof OperatorError)) throw fault;
    const fallbacks = Object.entries(settings).map(([key, setting]) => [key, setting.fallback]);
    const config: Config = Object.fromEntries(fallbacks);
    return { config, written: {}, finding: bad("configuration", fault.message) };
  }
}

/** undefined when there is no such file or it may not be read. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

const PAGE_TIMEOUT_MS = 1000;

/** Whether something listens where the household's page should be; says nothing about what it shows. */
function examinePage({ host, port }: { host: string; port: number }): Promise<Finding> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: PAGE_TIMEOUT_MS });
    const conclude = (finding: Finding) => {
      socket.destroy();
      resolve(finding);
    };
    const silent = () =>
      conclude(
        attention("status page", `nothing answers at ${host}:${port}; the box is not running`),
      );
    socket.on("connect", () => conclude(good("status page", `answers at ${host}:${port}`)));
    socket.on("timeout", silent);
    socket.on("error", silent);
  });
}
