/** Documentation/driver-api/thermal/sysfs-api.rst */
import type { Clock } from "../../agent/core/clock.ts";
import { type Celsius, type Milliseconds, seconds } from "../../agent/core/units.ts";
import type { Thermal, ThermalZone } from "../thermal.ts";
import { byNumber, type FileTree } from "./file-tree.ts";
import { parseTemperature } from "./parse-thermal.ts";

const CLASS = "/sys/class/thermal";

/**
 * Sensors answer EAGAIN while they convert, and the one in the processor must not be forgotten for it
 * because one in the Wi-Fi chip still answers.
 */
const REMEMBERED = seconds(30);
/** Its type and trip points are a dozen files that hardly ever change, its temperature is one that does. */
const SAME_KIND = seconds(60);
const UNNAMED = "unknown";

export function createLinuxThermal(options: {
  readonly tree: FileTree;
  readonly clock: Clock;
}): Thermal {
  const { tree, clock } = options;
  const known = new Map<string, { readonly zone: ThermalZone; readonly at: Milliseconds }>();
  const kinds = new Map<string, { readonly kind: Kind; readonly at: Milliseconds }>();
  const kindOf = async (name: string): Promise<Kind> => {
    const at = clock.monotonicMs();
    const last = kinds.get(name);
    if (last && at - last.at < SAME_KIND) return last.kind;
    const now = await readKind(tree, name);
    const kind = last && isCutShort(last.kind, now) ? last.kind : now;
    kinds.set(name, { kind, at });
    return kind;
  };
  return {
    async read() {
      const names = (await tree.names(CLASS)).filter((name) => /^thermal_zone\d+$/.test(name));
      const zones = await Promise.all(names.map((name) => readZone(tree, name, kindOf)));
      const at = clock.monotonicMs();
      for (const zone of zones) if (zone) known.set(zone.name, { zone, at });
      for (const [name, last] of known) if (at - last.at > REMEMBERED) known.delete(name);
      return [...known.values()].map(({ zone }) => zone).sort(byName);
    },
  };
}

const byName = (a: ThermalZone, b: ThermalZone) => byNumber(a.name, b.name);

type Kind = Pick<ThermalZone, "type" | "trips">;

/** Of a zone that stays the same one, trip points that cannot be read now are still in force. */
const isCutShort = (before: Kind, now: Kind) =>
  now.type === UNNAMED || (now.type === before.type && now.trips.length < before.trips.length);

/**
 * Zones that stand for a policy, not for a place: 20 °C on every PC whose firmware has one, whatever its heat
 * (int3400_thermal_get_temp() in drivers/thermal/intel/int340x_thermal/int3400_thermal.c).
 */
const isMadeUp = (type: string) => type === "INT3400 Thermal";

async function readZone(
  tree: FileTree,
  name: string,
  kindOf: (name: string) => Promise<Kind>,
): Promise<ThermalZone | undefined> {
  const temperature = parseTemperature(await tree.integer(`${CLASS}/${name}/temp`));
  if (temperature === undefined) return undefined;
  const kind = await kindOf(name);
  return isMadeUp(kind.type) ? undefined : { name, temperature, ...kind };
}

async function readKind(tree: FileTree, name: string): Promise<Kind> {
  const folder = `${CLASS}/${name}`;
  const [type, files] = await Promise.all([tree.text(`${folder}/type`), tree.names(folder)]);
  const numbers = files.flatMap((file) => file.match(/^trip_point_(\d+)_temp$/)?.[1] ?? []);
  const trips = await Promise.all(numbers.map((number) => readTrip(tree, folder, number)));
  return {
    type: type?.trim() || UNNAMED,
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
