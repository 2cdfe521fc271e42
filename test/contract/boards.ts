import { readdirSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../agent/core/system-clock.ts";
import { createLinuxDevice } from "../../hardware/linux/device.ts";

const fixtures = join(import.meta.dir, "../fixtures/boards");

/** Where the state directory lies on the boards of test/fixtures/boards. */
export const STATE = "/var/lib/spareband";

export const boards = readdirSync(fixtures, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** The Linux drivers over a board's files instead of this machine's. */
export const openBoard = (board: string) =>
  createLinuxDevice({ clock: systemClock, root: join(fixtures, board), upnp: false });
