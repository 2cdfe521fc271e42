import { expect, test } from "bun:test";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig, useTimeZone } from "./config.ts";
import { exitCode, OperatorError } from "./core/errors.ts";
import { bitsPerSecond, mebibytes } from "./core/units.ts";

const directory = mkdtempSync(join(tmpdir(), "spareband-config-"));
const file = (name: string, content: string) => {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
};
const refusal = (run: () => unknown): OperatorError => {
  try {
    run();
  } catch (fault) {
    if (fault instanceof OperatorError) return fault;
  }
  throw new Error("nothing was refused");
};

test("a later source wins over an earlier one", () => {
  const { config } = loadConfig({
    file: file("a.toml", '[box]\nstate_dir = "/from/file"\n[limits]\nmax_rate = "5 Mbit/s"\n'),
    environment: { SPAREBAND_BOX_STATE_DIR: "/from/env", SPAREBAND_CONTENT_CAPACITY: "64 MiB" },
    flags: { "content.capacity": "32 MiB" },
  });
  expect(config["box.state_dir"]).toBe("/from/env");
  expect(config["limits.max_rate"]).toBe(bitsPerSecond(5_000_000));
  expect(config["content.capacity"]).toBe(mebibytes(32));
  expect(config["status.listen"]).toEqual({ host: "127.0.0.1", port: 7410 });
});

test("an unknown key or variable is a warning that names it", () => {
  const path = file("unknown.toml", '[box]\nstate_dri = "/x"\n');
  const { warnings } = loadConfig({ file: path, environment: { SPAREBAND_NOPE: "1" } });
  expect(warnings).toEqual([
    `${path}: unknown key "box.state_dri" is ignored`,
    "environment: unknown variable SPAREBAND_NOPE is ignored",
  ]);
});

test("a bad value names the file, the key and what is accepted", () => {
  const path = file("bad.toml", '[limits]\nmax_rate = "fast"\n');
  const refused = refusal(() => loadConfig({ file: path, environment: {} }));
  expect(refused.code).toBe(exitCode.configuration);
  expect(refused.message).toStartWith(
    `${path}: "limits.max_rate" is "fast", but must be a rate such as`,
  );
});

test.each(["", "relative/path", "~/state", "/x\0y"])("no state is kept in %j", (state) => {
  const sources = { environment: { SPAREBAND_BOX_STATE_DIR: state } };
  expect(refusal(() => loadConfig(sources)).message).toEndWith(
    'but must be an absolute path such as "/var/lib/spareband"',
  );
});

test("broken TOML names the line", () => {
  const path = file("broken.toml", 'fleet = "home"\n[box\n');
  expect(refusal(() => loadConfig({ file: path, environment: {} })).message).toContain(
    `${path}, line 2`,
  );
});

test("a file that was asked for has to be there", () => {
  const refused = refusal(() =>
    loadConfig({ file: join(directory, "none.toml"), environment: {} }),
  );
  expect(refused.message).toContain("none.toml (ENOENT)");
});

test("a time zone that is set later is that of local time at once", () => {
  const before = process.env.TZ;
  const noon = new Date(Date.UTC(2026, 5, 1, 12));
  useTimeZone("Asia/Tokyo");
  expect(noon.getHours()).toBe(21);
  useTimeZone("America/St_Johns");
  expect([noon.getHours(), noon.getMinutes()]).toEqual([9, 30]);
  useTimeZone(before ?? "UTC");
});
