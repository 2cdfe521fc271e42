/** A short set of scenarios with wide margins; the full set is `bun test/lab/lab.ts`. */

import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import type { Figure } from "./figures.ts";
import { perform, scenarios } from "./scenarios.ts";

const programs = ["gcc", "ip", "nft", "iperf3", "ethtool", "ping", "curl", "chrt", "tc"];
const missing = [
  ...(process.getuid?.() === 0 ? [] : ["root"]),
  ...programs.filter((program) => Bun.which(program) === null),
  ...((await canMakeNamespaces()) ? [] : ["network namespaces"]),
];
const needs = missing.length > 0 ? ` (skipped, needs ${missing.join(", ")})` : "";

/** Wide enough for a machine that does something else at the same time. */
const bounds: Readonly<Record<string, Readonly<Record<string, [least: number, most: number]>>>> = {
  "2": { share: [85, 110], given: [0, 2], back: [0, 6] },
  "7": { share: [90, 115] },
  "14": { share: [75, 110], given: [0, 3], back: [0, 8] },
};

describe.skipIf(missing.length > 0)(`the governor on an emulated line${needs}`, () => {
  for (const scenario of scenarios.filter(({ id }) => id in bounds)) {
    test(`${scenario.title}: within wide margins of the bars`, async () => {
      const { figures } = await perform(scenario, "spareband");
      for (const [name, [least, most]] of Object.entries(bounds[scenario.id] ?? {})) {
        const value = figures.find((figure: Figure) => figure.name === name)?.value;
        expect(value, name).toBeGreaterThanOrEqual(least);
        expect(value, name).toBeLessThanOrEqual(most);
      }
    }, 120_000);
  }
});

async function canMakeNamespaces(): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  const made = await Bun.$`ip netns add sl-try && ip netns del sl-try`.quiet().nothrow();
  return made.exitCode === 0 && existsSync("/dev/net/tun");
}
