import { expect, test } from "bun:test";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfigOrLastGood, saveLastGood } from "./last-good-config.ts";

const directory = mkdtempSync(join(tmpdir(), "spareband-last-good-"));
const file = join(directory, "spareband.toml");
const sources = { file, environment: { STATE_DIRECTORY: directory } };

test("fault 41: a broken configuration falls back to the last good one and says why", () => {
  writeFileSync(file, 'fleet = "north"\n[limits]\nmax_rate = "5 Mbit/s"\n');
  const good = loadConfigOrLastGood(sources);
  expect(good.broken).toBeUndefined();
  saveLastGood(directory, good);

  writeFileSync(file, 'fleet = "north"\n[limits]\nmax_rate = "quick"\n');
  const fallback = loadConfigOrLastGood(sources);
  expect(fallback.config).toEqual(good.config);
  expect(fallback.broken).toContain('"limits.max_rate" is "quick"');
});

test("without a last good one, the broken configuration stops the start", () => {
  const nowhere = { file, environment: { STATE_DIRECTORY: join(directory, "none") } };
  expect(() => loadConfigOrLastGood(nowhere)).toThrow('"limits.max_rate"');
});
