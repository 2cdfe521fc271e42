/**
 * A box whose configuration was broken by an update must come up all the same, or nobody can see
 * what is wrong: it starts with the last one that worked and shows the error on its page.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ConfigSources, type LoadedConfig, loadConfig } from "./config.ts";
import { exitCode, OperatorError } from "./core/errors.ts";
import { environmentName, settings } from "./settings.ts";

const FILE = "last-good-config.json";

export interface LoadedOrLastGood extends LoadedConfig {
  /** The sentence that says what is wrong with the current configuration, when an older one is used. */
  readonly broken?: string;
}

export function loadConfigOrLastGood(sources: ConfigSources): LoadedOrLastGood {
  try {
    return loadConfig(sources);
  } catch (fault) {
    if (!(fault instanceof OperatorError) || fault.code !== exitCode.configuration) throw fault;
    const lastGood = readLastGood(stateDirectory(sources));
    if (!lastGood) throw fault;
    return { ...loadConfig({ environment: {}, lastGood }), broken: fault.message };
  }
}

/** Called once the daemon runs. Throws when the directory cannot be written. */
export function saveLastGood(directory: string, loaded: LoadedConfig): void {
  const file = join(directory, FILE);
  const content = JSON.stringify(loaded.written);
  try {
    if (readFileSync(file, "utf8") === content) return;
  } catch {
    // Not there yet, or unreadable: written anew below.
  }
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.new`, content, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** The configured directory is unknown when the configuration is broken; systemd names it too. */
function stateDirectory(sources: ConfigSources): string {
  return (
    sources.environment[environmentName("box.state_dir")] ??
    sources.environment.STATE_DIRECTORY?.split(":")[0] ??
    settings["box.state_dir"].fallback
  );
}

function readLastGood(directory: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(join(directory, FILE), "utf8"));
    return parsed !== null && typeof parsed === "object" ? { ...parsed } : undefined;
  } catch {
    return undefined;
  }
}
