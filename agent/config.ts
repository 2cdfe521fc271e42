/**
 * Reads the configuration: the vendor's file, /etc, SPAREBAND_* variables, then flags, each over the
 * one before. The only reader of the environment. Unknown keys warn; a bad value stops the start
 * with the file, the key and what is accepted.
 */
import { homedir } from "node:os";
import { join } from "node:path";
import { parse as parseToml, TomlError } from "smol-toml";
import { errnoOf, exitCode, OperatorError } from "./core/errors.ts";
import { PipeForFile, readTextFile } from "./core/read-text-file.ts";
import { type Config, environmentName, type SettingKey, settings } from "./settings.ts";

export type { Config } from "./settings.ts";

const VENDOR_FILE = "/usr/share/spareband/spareband.toml";
const ETC_FILE = "/etc/spareband/spareband.toml";
const LONGEST_FILE = 256 * 1024;

export type Environment = Readonly<Record<string, string | undefined>>;

export interface LoadedConfig {
  readonly config: Config;
  /** One sentence each, for the log. */
  readonly warnings: readonly string[];
  /** What was accepted, as it was written; parses to the same configuration again. */
  readonly written: Readonly<Record<string, unknown>>;
}

export interface ConfigSources {
  /** `--config FILE`: read instead of the vendor's and /etc's. Has to exist. */
  readonly file?: string;
  readonly environment: Environment;
  /** Settings from flags, by key. */
  readonly flags?: Readonly<Partial<Record<SettingKey, string>>>;
  /** Stands in for the files: what an earlier start accepted. */
  readonly lastGood?: Readonly<Record<string, unknown>>;
}

export const processEnvironment = (): Environment => process.env;

/** Local time of this process is that of the zone from now on, for dates that were made before, too. */
export function useTimeZone(zone: string): void {
  process.env.TZ = zone;
}

export function loadConfig(sources: ConfigSources): LoadedConfig {
  const warnings: string[] = [];
  const values = new Map<SettingKey, unknown>();
  const written: Record<string, unknown> = {};
  const take = (origin: string, pairs: Iterable<readonly [string, unknown]>) => {
    for (const [key, value] of pairs) {
      if (!isSetting(key)) warnings.push(`${origin}: unknown key "${key}" is ignored`);
      else {
        values.set(key, parseSetting(origin, key, value));
        written[key] = value;
      }
    }
  };
  if (sources.file === "")
    throw new OperatorError(
      exitCode.usage,
      "--config names no file: add its path, or leave it out",
    );
  const files = sources.file === undefined ? [VENDOR_FILE, ETC_FILE] : [sources.file];
  if (sources.lastGood) take("last good configuration", Object.entries(sources.lastGood));
  else for (const file of files) take(file, readTomlFile(file, sources.file !== undefined));
  take("environment", environmentPairs(sources.environment, warnings));
  take("command line", Object.entries(sources.flags ?? {}));
  return { config: complete(values, sources.environment), warnings, written };
}

const isSetting = (key: string): key is SettingKey => Object.hasOwn(settings, key);

function parseSetting(origin: string, key: SettingKey, value: unknown): unknown {
  const parsed = settings[key].parse(value);
  if (parsed !== undefined) return parsed;
  // A password in an address is nobody's business who reads the log.
  const shown = JSON.stringify(value)
    ?.replace(/\/\/[^/]*@/g, "//…@")
    .slice(0, 80);
  throw new OperatorError(
    exitCode.configuration,
    `${origin}: "${key}" is ${shown}, but must be ${settings[key].accepted}`,
  );
}

function readTomlFile(file: string, required: boolean): [string, unknown][] {
  let content: string;
  try {
    content = readTextFile(file, LONGEST_FILE);
  } catch (fault) {
    if (fault instanceof RangeError)
      throw new OperatorError(
        exitCode.configuration,
        `${file} is larger than 256 KiB; it is not a Spareband configuration`,
      );
    if (fault instanceof PipeForFile)
      throw new OperatorError(
        exitCode.configuration,
        `${file} is a pipe; put the configuration into a regular file`,
      );
    if (errnoOf(fault) === "ENOENT" && !required) return [];
    throw new OperatorError(
      exitCode.configuration,
      `cannot read the configuration file ${file} (${errnoOf(fault) ?? "unknown error"}); check the path and its permissions`,
      { cause: fault },
    );
  }
  try {
    return flatten(parseToml(content));
  } catch (fault) {
    if (!(fault instanceof TomlError)) throw fault;
    const what = fault.message.split("\n")[0]?.replace(/^Invalid TOML document: /, "");
    throw new OperatorError(
      exitCode.configuration,
      `${file}, line ${fault.line}: not valid TOML (${what}); correct that line`,
      { cause: fault },
    );
  }
}

/** One level of tables: `[box] state_dir = …` is the key `box.state_dir`. */
function flatten(document: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(document).flatMap(([key, value]) =>
    value !== null && typeof value === "object" && !Array.isArray(value)
      ? Object.entries(value).map(([inner, leaf]): [string, unknown] => [`${key}.${inner}`, leaf])
      : [[key, value] as [string, unknown]],
  );
}

function environmentPairs(environment: Environment, warnings: string[]): [string, unknown][] {
  const known = new Map(Object.keys(settings).map((key) => [environmentName(key), key]));
  const pairs: [string, unknown][] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith("SPAREBAND_") || value === undefined) continue;
    const key = known.get(name);
    if (key) pairs.push([key, value]);
    else warnings.push(`environment: unknown variable ${name} is ignored`);
  }
  return pairs;
}

function complete(values: ReadonlyMap<SettingKey, unknown>, environment: Environment): Config {
  const entries = Object.entries(settings).map(([key, setting]) => [
    key,
    values.has(key as SettingKey) ? values.get(key as SettingKey) : setting.fallback,
  ]);
  const config = Object.fromEntries(entries) as Config;
  const keyDir =
    config["viewer.key_dir"] ||
    join(
      environment.XDG_CONFIG_HOME || join(environment.HOME || homedir(), ".config"),
      "spareband",
    );
  return Object.freeze({ ...config, "viewer.key_dir": keyDir });
}
