/** Any file of any board missing, refusing, or holding nonsense: no driver fails, nothing absurd comes out. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { FakeClock } from "../../agent/core/fake-clock.ts";
import { type Random, seededRandom } from "../../agent/core/random.ts";
import { createLinuxCpu } from "../../hardware/linux/cpu.ts";
import { createFileTree, type FileTree, parseInteger } from "../../hardware/linux/file-tree.ts";
import { createLinuxNic } from "../../hardware/linux/nic.ts";
import { createLinuxPlayback } from "../../hardware/linux/playback.ts";
import { createLinuxRouter } from "../../hardware/linux/router.ts";
import { createLinuxStorage } from "../../hardware/linux/storage.ts";
import { createLinuxThermal } from "../../hardware/linux/thermal.ts";
import { boards, STATE } from "./boards.ts";

const nonsense = ["", "\n", "-1", "N/A", "18446744073709551615", "0", "\0\0", "9".repeat(400), "é"];

/** A tree in which a third of all readings go wrong, not the same ones each time. */
function breaking(tree: FileTree, random: Random): FileTree {
  const text = async (path: string) => {
    const fate = random.unit();
    if (fate < 0.15) return undefined;
    if (fate < 0.3) return nonsense[Math.floor(random.unit() * nonsense.length)];
    const whole = await tree.text(path);
    return fate < 0.35 ? whole?.slice(0, Math.floor(random.unit() * whole.length)) : whole;
  };
  return {
    ...tree,
    text,
    integer: async (path) => parseInteger(await text(path)),
    names: async (path) => (random.unit() < 0.1 ? [] : tree.names(path)),
  };
}

describe("files that are missing, refuse or lie", () => {
  test.each(boards)("%s", async (board) => {
    const random = seededRandom(7);
    const tree = breaking(
      createFileTree(join(import.meta.dir, "../fixtures/boards", board)),
      random,
    );
    const clock = new FakeClock();
    const nic = createLinuxNic({ tree, clock });
    for (let round = 0; round < 60; round++) {
      await clock.advance(700);
      const card = await nic.read();
      if (card) {
        expect(Number.isSafeInteger(card.sent) && Number.isSafeInteger(card.received)).toBe(true);
        expect(card.speed ?? 1).toBeGreaterThan(0);
      }
      for (const { busy, total } of (await createLinuxCpu({ tree, clock }).read())?.cores ?? []) {
        expect(busy).toBeLessThanOrEqual(total);
      }
      for (const { temperature, trips } of await createLinuxThermal({ tree, clock }).read()) {
        for (const heat of [temperature, ...trips.map((trip) => trip.temperature)]) {
          expect(Math.abs(heat)).toBeLessThan(150);
        }
      }
      await createLinuxStorage({ tree }).read(STATE);
      await createLinuxRouter({ tree }).read();
      await createLinuxPlayback({ tree }).read();
    }
  });
});
