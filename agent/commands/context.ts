/** What every verb gets: where to print, what to read, and when to stop. */
import type { Command } from "commander";
import { type Config, type Environment, loadConfig } from "../config.ts";
import { createLog, type Log, type LogFormat } from "../core/log.ts";
import type { SettingKey } from "../settings.ts";

export interface CommandContext {
  readonly environment: Environment;
  /** Aborts on SIGTERM, SIGINT and SIGHUP. */
  readonly signal: AbortSignal;
  /** Facts and answers. */
  readonly print: (line: string) => void;
  /** Log lines and progress. */
  readonly printError: (line: string) => void;
  /** Whether stdout is a terminal, and so may be redrawn. */
  readonly interactive: boolean;
  /** Width of the terminal, which may change. */
  readonly columns: () => number;
  /** Writes to the terminal as it is, without ending the line. */
  readonly redraw: (text: string) => void;
}

/** Options that every verb shares. */
export interface CommonOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/** A verb adds itself to the program. */
export type Register = (program: Command, context: CommandContext) => void;

export function readConfig(
  options: CommonOptions,
  context: CommandContext,
  flags: Readonly<Partial<Record<SettingKey, string>>> = {},
): { config: Config; log: Log; warnings: readonly string[] } {
  const { config, warnings } = loadConfig({
    ...(options.config === undefined ? {} : { file: options.config }),
    environment: context.environment,
    flags,
  });
  const log = createCommandLog(config, context);
  for (const warning of warnings) log.warning("configuration", { problem: warning });
  return { config, log, warnings };
}

export const createCommandLog = (config: Config, context: CommandContext): Log =>
  createLog({
    format: logFormat(config, context.environment),
    level: config["log.level"],
    write: context.printError,
  });

/** systemd sets JOURNAL_STREAM when stderr goes to the journal (systemd.exec(5)). */
function logFormat(config: Config, environment: Environment): LogFormat {
  const wanted = config["log.format"];
  if (wanted !== "auto") return wanted;
  return environment.JOURNAL_STREAM === undefined ? "text" : "journal";
}
