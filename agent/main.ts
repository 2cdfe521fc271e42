#!/usr/bin/env bun
/** The executable: argv → verb, signals → abort, faults → one sentence and an exit code. */
import { Command, CommanderError } from "commander";
import { register as appeal } from "./commands/appeal.ts";
import { register as box } from "./commands/box.ts";
import { register as consent } from "./commands/consent.ts";
import type { CommandContext, Register } from "./commands/context.ts";
import { register as coordinator } from "./commands/coordinator.ts";
import { register as dev } from "./commands/dev.ts";
import { register as doctor } from "./commands/doctor.ts";
import { register as fetch } from "./commands/fetch.ts";
import { register as household } from "./commands/household.ts";
import { register as identity } from "./commands/identity-verbs.ts";
import { register as limits } from "./commands/limits.ts";
import { register as play } from "./commands/play.ts";
import { register as publish } from "./commands/publish.ts";
import { register as records } from "./commands/records.ts";
import { register as verify } from "./commands/verify.ts";
import { processEnvironment } from "./config.ts";
import { CoordinatorRefusal } from "./content/coordinator-client.ts";
import {
  type ExitCode,
  errnoOf,
  exitCode,
  isStop,
  OperatorError,
  reasonOf,
} from "./core/errors.ts";
import { version } from "./version.ts";

const verbs: readonly Register[] = [
  box,
  coordinator,
  dev,
  publish,
  fetch,
  play,
  household,
  limits,
  consent,
  identity,
  records,
  verify,
  appeal,
  doctor,
];

function buildProgram(context: CommandContext): Command {
  const program = new Command("spareband")
    .description(
      "Lends the idle part of a household's broadband, unnoticeably, and proves every byte.",
    )
    .version(version, "-V, --version")
    .exitOverride()
    .showHelpAfterError("(spareband --help lists the verbs)")
    .configureOutput({ writeErr: (text) => context.printError(text.trimEnd()) });
  for (const register of verbs) register(program, context);
  for (const command of program.commands) {
    // "household: stop sharing at once" stands as "stop sharing at once" under "Household".
    const [, who, what] = /^([a-z ]+): (.*)$/.exec(command.description()) ?? [];
    if (who && what)
      command.helpGroup(`${who.charAt(0).toUpperCase()}${who.slice(1)}:`).description(what);
    command.exitOverride().option("--config <file>", "read this configuration file alone");
  }
  return program;
}

/** Runs one verb; what it returns is the process's exit code. */
export async function main(argv: readonly string[], context: CommandContext): Promise<ExitCode> {
  try {
    await buildProgram(context).parseAsync(argv, { from: "user" });
    return exitCode.ok;
  } catch (fault) {
    return report(fault, context);
  }
}

function report(fault: unknown, context: CommandContext): ExitCode {
  if (fault instanceof CommanderError) return fault.exitCode === 0 ? exitCode.ok : exitCode.usage;
  if (isStop(fault, context.signal)) {
    context.printError("spareband: stopped before it was done");
    return exitCode.failure;
  }
  if (fault instanceof CoordinatorRefusal) {
    context.printError(`spareband: the coordinator refused (${fault.code}): ${fault.message}`);
    return exitCode.noPermission;
  }
  context.printError(`spareband: ${reasonOf(fault)}`);
  if (fault instanceof OperatorError) return fault.code;
  if (context.environment.SPAREBAND_LOG_LEVEL === "debug" && fault instanceof Error)
    context.printError(fault.stack ?? "");
  else
    context.printError(
      "This is a fault of Spareband itself; run again with SPAREBAND_LOG_LEVEL=debug for its trace.",
    );
  return exitCode.internal;
}

if (import.meta.main) {
  const stop = new AbortController();
  // The second signal of a kind is not caught: it ends whatever does not want to end.
  for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const)
    process.once(name, () => stop.abort());
  let unsaid: string | undefined;
  const written = (fault?: Error | null) => {
    if (!fault) return;
    // A reader that went away (`spareband … | head`) is no fault of ours.
    if (errnoOf(fault) !== "EPIPE") unsaid = errnoOf(fault) ?? reasonOf(fault);
    stop.abort();
  };
  process.stdout.on("error", written);
  const code = await main(process.argv.slice(2), {
    environment: processEnvironment(),
    signal: stop.signal,
    print: (line) => process.stdout.write(`${line}\n`, written),
    printError: (line) => process.stderr.write(`${line}\n`),
    interactive: process.stdout.isTTY === true,
    columns: () => process.stdout.columns || 80,
    redraw: (text) => process.stdout.write(text),
  });
  // A verb that failed may have left a port or a timer open; what it said goes out before it ends.
  for (const stream of [process.stdout, process.stderr])
    if (!stream.destroyed) await new Promise<void>((resolve) => stream.write("", () => resolve()));
  if (unsaid !== undefined)
    process.stderr.write(`spareband: the answer could not be written (${unsaid}): make room\n`);
  process.exit(unsaid !== undefined && code === exitCode.ok ? exitCode.ioError : code);
}
