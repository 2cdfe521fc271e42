import { readFileSync } from "node:fs";
import { type Hash, sha256 } from "../core/encoding.ts";
import { errnoOf } from "../core/errors.ts";

/**
 * What tells one device from another, most stable first: the board's serial (device tree, then
 * DMI), else the installation's id. Only a hash of it is stored or compared.
 */
const SOURCES = [
  "/proc/device-tree/serial-number",
  "/sys/class/dmi/id/product_uuid",
  "/sys/class/dmi/id/board_serial",
  "/etc/machine-id",
];

/**
 * A hash of the first source that says something; undefined when none does. The source's name is
 * part of it, so that a serial that appears later does not pass for the machine id.
 */
export function deviceFingerprint(sources: readonly string[] = SOURCES): Hash | undefined {
  for (const source of sources) {
    const value = readSource(source);
    if (value) return sha256(Buffer.from(`spareband-device\n${source}\n${value}`));
  }
  return undefined;
}

/** Placeholders that makers leave in place of a serial. */
const PLACEHOLDER =
  /^(?:[0-]*|none|default string|to be filled by o\.e\.m\.|not specified|uninitialized)$/i;

function readSource(path: string): string | undefined {
  try {
    const value = readFileSync(path, "latin1").replaceAll("\0", "").trim().slice(0, 256);
    return PLACEHOLDER.test(value) ? undefined : value;
  } catch (fault) {
    const expected = ["ENOENT", "EACCES", "EPERM", "EIO", "ENODEV", "ENOTDIR"];
    if (expected.includes(errnoOf(fault) ?? "")) return undefined;
    throw fault;
  }
}
