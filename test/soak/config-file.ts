import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A configuration file in a folder that is made; returns its path. */
export function configFile(folder: string, values: Readonly<Record<string, string>>): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "spareband.toml");
  const lines = Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`);
  writeFileSync(file, lines.join(""));
  return file;
}
