/** The configuration as it came out, with what could be a secret taken out. */
import type { LoadedConfig } from "../../config.ts";
import { hostInUrl } from "../../core/listen-address.ts";
import { settings } from "../../settings.ts";

/** Settings that somebody wrote and that differ from what holds otherwise. URLs lose their credentials. */
export function changedSettings({
  config,
  written,
}: Pick<LoadedConfig, "config" | "written">): Record<string, unknown> {
  const entries = Object.entries(config) as [keyof typeof config, unknown][];
  const changed = entries.filter(
    ([key, value]) =>
      Object.hasOwn(written, key) &&
      JSON.stringify(value) !== JSON.stringify(settings[key].fallback),
  );
  return Object.fromEntries(changed.map(([key, value]) => [key, withoutSecrets(asWritten(value))]));
}

/** An address as a configuration file has it. */
function asWritten(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("host" in value) || !("port" in value))
    return value;
  return `${hostInUrl(String(value.host))}:${value.port}`;
}

/** A list is looked through item by item. */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== "string" || !URL.canParse(value)) return value;
  const url = new URL(value);
  if (url.host === "") return value;
  const hidden = url.username || url.password || url.search;
  return hidden ? `${url.protocol}//[hidden]@${url.host}${url.pathname}` : value;
}
