import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock } from "../../agent/core/fake-clock.ts";
import { createFileTree } from "./file-tree.ts";
import { createLinuxThermal } from "./thermal.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "thermal-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const folder = (zone: number) => join(root, `sys/class/thermal/thermal_zone${zone}`);
function heat(zone: number, raw: string): void {
  mkdirSync(folder(zone), { recursive: true });
  writeFileSync(join(folder(zone), "type"), zone === 0 ? "soc-thermal\n" : "wifi\n");
  writeFileSync(join(folder(zone), "temp"), raw);
}

test("a sensor that falls silent is as hot as it last was, for half a minute", async () => {
  const clock = new FakeClock();
  const thermal = createLinuxThermal({ tree: createFileTree(root), clock });
  const seen = async () => (await thermal.read()).map(({ temperature }) => Number(temperature));
  heat(0, "91000\n");
  heat(1, "40000\n");
  expect(await seen()).toEqual([91, 40]);
  heat(0, "0\n");
  await clock.advance(29_000);
  expect(await seen()).toEqual([91, 40]);
  renameSync(folder(0), `${folder(0)}-gone`);
  expect(await seen()).toEqual([91, 40]);
  await clock.advance(2_000);
  expect(await seen()).toEqual([40]);
  rmSync(folder(1), { recursive: true });
  await clock.advance(31_000);
  expect(await seen()).toEqual([]);
});
