/** Documentation/driver-api/thermal/sysfs-api.rst */
import type { Celsius } from "../../agent/core/units.ts";
import type { Thermal, ThermalZone } from "../thermal.ts";
import type { FileTree } from "./file-tree.ts";
import { parseTemperature } from "./parse-thermal.ts";

const CLASS = "/sys/class/thermal";

export function createLinuxThermal(options: { readonly tree: FileTree }): Thermal {
  const { tree } = options;
  return {
    async read() {
      const names = (await tree.names(CLASS)).filter((name) => /^thermal_zone\d+$/.test(name));
      const zones = await Promise.all(names.map((name) => readZone(tree, name)));
      return zones.filter((zone) => zone !== undefined);
    },
  };
}

async function readZone(tree: FileTree, name: string): Promise<ThermalZone | undefined> {
  const folder = `${CLASS}/${name}`;
  const temperature = parseTemperature(await tree.integer(`${folder}/temp`));
  if (temperature === undefined) return undefined;
  const [type, files] = await Promise.all([tree.text(`${folder}/type`), tree.names(folder)]);
  const numbers = files.flatMap((file) => file.match(/^trip_point_(\d+)_temp$/)?.[1] ?? []);
  const trips = await Promise.all(numbers.map((number) => readTrip(tree, folder, number)));
  return {
    name,
    type: type?.trim() || "unknown",
    temperature,
    trips: trips.filter((trip) => trip !== undefined).sort((a, b) => a.temperature - b.temperature),
  };
}

async function readTrip(
  tree: FileTree,
  folder: string,
  number: string,
): Promise<{ type: string; temperature: Celsius } | undefined> {
  const prefix = `${folder}/trip_point_${number}`;
  const temperature = parseTemperature(await tree.integer(`${prefix}_temp`));
  if (temperature === undefined) return undefined;
  const type = await tree.text(`${prefix}_type`);
  return { type: type?.trim() || "unknown", temperature };
}
