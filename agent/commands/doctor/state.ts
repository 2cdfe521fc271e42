/** The state directory and the clock. Reading alone: nothing is made, and no file's content is shown. */
import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { dirname, join } from "node:path";
import { errnoOf, reasonOf } from "../../core/errors.ts";
import { attention, bad, type Finding, good } from "./finding.ts";

/** Below this a box stops taking in content, and soon its journal. */
const LITTLE_SPACE = 512 * 2 ** 20;

export function examineStateDirectory(directory: string): Finding {
  const name = "state directory";
  if (!existsSync(directory)) {
    return attention(name, `${directory} does not exist; the service makes it at its first start`);
  }
  try {
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (fault) {
    const why = errnoOf(fault) ?? reasonOf(fault);
    return bad(name, `${directory} cannot be written by user ${process.getuid?.()} (${why})`);
  }
  const has = [
    ["key", "identity/box.key"],
    ["journal", "journal/journal.sqlite"],
    ["content", "content"],
  ].map(([what = "", path = ""]) => `${existsSync(join(directory, path)) ? "" : "no "}${what}`);
  return good(name, `${directory} can be written; ${has.join(", ")}`);
}

export function examineSpace(directory: string): Finding {
  let place = directory;
  while (!existsSync(place)) place = dirname(place);
  const { bavail, bsize, blocks } = statfsSync(place);
  const free = bavail * bsize;
  const detail = `${gibibytes(free)} of ${gibibytes(blocks * bsize)} free at ${place}`;
  return free < LITTLE_SPACE ? attention("space", `${detail}: little`) : good("space", detail);
}

const gibibytes = (amount: number) => `${(amount / 2 ** 30).toFixed(1)} GiB`;

/** 2025-01-01: no such executable existed before. */
const EARLIEST = Date.UTC(2025, 0, 1);

/** @param synchronised whether the system says that its clock was set from the network. */
export function examineWallClock(wallMs: number, synchronised: boolean): Finding {
  const time = new Date(wallMs).toISOString().slice(0, 19);
  if (wallMs < EARLIEST) {
    return attention(
      "clock",
      `${time}Z cannot be right; boxes serve all the same and mark the time`,
    );
  }
  return synchronised
    ? good("clock", `${time}Z, set from the network`)
    : attention("clock", `${time}Z, and nothing says that it was set from the network`);
}
