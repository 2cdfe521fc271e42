/**
 * The vendor's configuration file, made from the table of settings so that it cannot go stale.
 * `bun test/image/sample-config.ts > systemd/spareband.toml` writes it anew.
 */
import { hostInUrl } from "../../agent/core/listen-address.ts";
import type { Setting } from "../../agent/setting-kinds.ts";
import { settings } from "../../agent/settings.ts";

const intro = `# The device maker's settings, installed as /usr/share/spareband/spareband.toml. Every line below is
# what holds when nobody says anything; remove the "# " in front of it, and of its [section], to
# change it. /etc/spareband/spareband.toml goes over this file, SPAREBAND_* variables go over both.
`;

/** How the fallback is written in TOML, in the units that a person would use. */
function written(key: string, value: unknown): string {
  if (Array.isArray(value)) return "[]";
  if (typeof value === "object" && value !== null && "host" in value && "port" in value)
    return `"${hostInUrl(String(value.host))}:${value.port}"`;
  const inUnits: Readonly<Record<string, (amount: number) => string>> = {
    "content.capacity": (amount) => `"${amount / 2 ** 30} GiB"`,
    "content.daily_writes": (amount) => `"${amount / 2 ** 30} GiB"`,
    "coordinator.creator_quota": (amount) => `"${amount / 2 ** 30} GiB"`,
    "content.fill_rate": (amount) => `"${amount / 1e6} Mbit/s"`,
    "coordinator.epoch": (amount) => `"${amount / 3_600_000} h"`,
    "limits.max_rate": (amount) => `"${amount} bit/s"`,
  };
  return typeof value === "number" && inUnits[key] ? inUnits[key](value) : JSON.stringify(value);
}

export function sampleConfig(): string {
  const lines = [intro.trimEnd()];
  let section = "";
  for (const [key, setting] of Object.entries<Setting<unknown>>(settings)) {
    const [table = "", name] = key.includes(".") ? key.split(".") : ["", key];
    lines.push("");
    if (table !== section) lines.push(`# [${table}]`);
    section = table;
    lines.push(`## ${setting.about}`, `## Accepted: ${setting.accepted}.`);
    lines.push(`# ${name} = ${written(key, setting.fallback)}`);
  }
  return `${lines.join("\n")}\n`;
}

if (import.meta.main) process.stdout.write(sampleConfig());
