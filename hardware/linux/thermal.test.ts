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

test("trip points that cannot be read for a while stay where they were", async () => {
  const clock = new FakeClock();
  const thermal = createLinuxThermal({ tree: createFileTree(root), clock });
  const trips = async () =>
    (await thermal.read()).map((zone) => [zone.type, ...zone.trips.map((trip) => trip.type)]);
  heat(0, "41000\n");
  writeFileSync(join(folder(0), "trip_point_0_temp"), "65000\n");
  writeFileSync(join(folder(0), "trip_point_0_type"), "passive\n");
  expect(await trips()).toEqual([["soc-thermal", "passive"]]);
  rmSync(join(folder(0), "type"));
  writeFileSync(join(folder(0), "trip_point_0_temp"), "");
  await clock.advance(61_000);
  expect(await trips()).toEqual([["soc-thermal", "passive"]]);
  writeFileSync(join(folder(0), "type"), "soc-thermal\n");
  await clock.advance(61_000);
  expect(await trips()).toEqual([["soc-thermal", "passive"]]);
  writeFileSync(join(folder(0), "type"), "wifi\n");
  await clock.advance(61_000);
  expect(await trips()).toEqual([["wifi"]]);
});

test("a PC's zone that is 20 degrees whatever the heat is none", async () => {
  heat(0, "20000\n");
  writeFileSync(join(folder(0), "type"), "INT3400 Thermal\n");
  heat(1, "61000\n");
  const thermal = createLinuxThermal({ tree: createFileTree(root), clock: new FakeClock() });
  expect((await thermal.read()).map(({ type }) => type)).toEqual(["wifi"]);
});

test("hundreds of zones, most of them off, disabled or absurd, leave the ones that tell", async () => {
  const clock = new FakeClock();
  const thermal = createLinuxThermal({ tree: createFileTree(root), clock });
  const absurd = [
    "0",
    "-1",
    "-127000",
    "-274000",
    "200000",
    "2147483647",
    "",
    "-22",
    "N/A",
    "45.5",
  ];
  for (let zone = 1; zone <= 300; zone++) heat(zone, absurd[zone % absurd.length] ?? "");
  heat(77, "88000\n");
  writeFileSync(join(folder(77), "mode"), "disabled\n");
  writeFileSync(join(folder(77), "trip_point_0_temp"), "115000\n");
  writeFileSync(join(folder(77), "trip_point_0_type"), "critical\n");
  writeFileSync(join(folder(77), "trip_point_0_hyst"), "200000\n");
  expect(await thermal.read()).toMatchObject([
    { name: "thermal_zone77", temperature: 88, trips: [{ type: "critical", temperature: 115 }] },
  ]);
});
