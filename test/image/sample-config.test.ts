import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../agent/config.ts";
import { settings } from "../../agent/settings.ts";
import { sampleConfig } from "./sample-config.ts";

const systemd = join(import.meta.dir, "../../systemd");

test("the vendor's file is the one that the table of settings makes", async () => {
  expect(await Bun.file(join(systemd, "spareband.toml")).text()).toBe(sampleConfig());
});

test("every line of the vendor's file is accepted and says what holds without it", () => {
  const directory = mkdtempSync(join(tmpdir(), "sample-"));
  const file = join(directory, "all.toml");
  writeFileSync(file, sampleConfig().replace(/^# (\[|\w+ = )/gm, "$1"));
  const environment = { HOME: "/home/anyone" };
  const written = loadConfig({ file, environment });
  writeFileSync(file, "");
  const silent = loadConfig({ file, environment });
  rmSync(directory, { recursive: true });
  expect(written.warnings).toEqual([]);
  expect(Object.keys(written.config).sort()).toEqual(Object.keys(settings).sort());
  expect(written.config).toEqual(silent.config);
});

test.each(["spareband.toml", "spareband.override.toml"])("%s is accepted as it is", (name) => {
  expect(loadConfig({ file: join(systemd, name), environment: {} }).warnings).toEqual([]);
});
