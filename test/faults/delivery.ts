/** One delivery on a real SQLite file: a box, a viewer and a ticket between them. */
import { expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createWorld, type WorldOptions } from "../../agent/coordinator/coordinator-testing.ts";

export const MIB = 1024 * 1024;

const directory = mkdtempSync(join(tmpdir(), "spareband-delivery-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));

let files = 0;
/** A path that nobody has used. */
export const newDatabase = () => join(directory, `${files++}.sqlite`);

export const fileWorld = (options: WorldOptions = {}) =>
  createWorld({ database: newDatabase(), ...options });

export function delivery(world = fileWorld()) {
  const box = world.addBox();
  const viewer = world.addViewer();
  const ticket = world.issue(box, viewer);
  return { world, box, viewer, ticket };
}

/** Nothing was made or lost: every entry balances, and balances are the sums of their lines. */
export function expectSound(world: ReturnType<typeof createWorld>): void {
  const sound = { total: 0n, balances: 0n, unbalanced: 0n, drifted: 0n };
  expect(world.store.ledger.audit()).toEqual(sound);
}
