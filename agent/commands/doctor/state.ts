/** The state directory and the clock. Reading alone: nothing is made, and no file's content is shown. */
import { accessSync, constants, existsSync, statfsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { errnoOf, reasonOf } from "../../core/errors.ts";
import { attention, bad, type Finding, good } from "./finding.ts";

/** Below this a box stops taking in content, and soon its journal. */
const LITTLE_SPACE = 512 * 2 ** 20;

const parts = [
  ["key", "identity/box.key"],
  ["journal", "journal/journal.sqlite"],
  ["content", "content"],
] as const;

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
  const foreign = foreignIn(directory);
  if (foreign) return bad(name, foreign);
  const has = parts.map(
    ([what, path]) => `${existsSync(join(directory, path)) ? "" : "no "}${what}`,
  );
  return good(name, `${directory} can be written; ${has.join(", ")}`);
}

/** What a verb that was run as another user, root above all, left closed to the service. */
function foreignIn(directory: string): string | undefined {
  const owner = ownerOf(directory);
  const path = parts
    .map(([, path]) => join(directory, path))
    .find((path) => (ownerOf(path) ?? owner) !== owner);
  if (path === undefined) return undefined;
  return `${path} belongs to user ${ownerOf(path)} and ${directory} to ${owner}, so the service may not use it: chown -R ${owner} ${directory}`;
}

/** undefined for what is not there or not to be seen. */
function ownerOf(path: string): number | undefined {
  try {
    return statSync(path).uid;
  } catch {
    return undefined;
  }
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
