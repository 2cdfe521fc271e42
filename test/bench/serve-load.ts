/** What wrk asks for in the serving benchmarks: a file whole, or in ranges with a ticket and a receipt on each. */
import { join } from "node:path";
import { mebibytes } from "../../agent/core/units.ts";
import { wrkReport } from "./serve-tools.ts";

const MIB = mebibytes(1);
/** Of the file that is asked for. */
export const SIZE = mebibytes(64);
/** As much as a gigabyte a second takes of tickets for 256 MiB each. */
const TICKETS_PER_GB = 4;
const MORE_TICKETS = 4;

export const wholeScript = `request = function() return wrk.format("GET") end${wrkReport}`;

const rangeLines = `
local n = 0
local function range() local at = (n % ${SIZE / MIB}) * ${MIB}; return "bytes=" .. at .. "-" .. (at + ${MIB - 1}) end
`;

/** @param file written by `writeTickets`; no two runs may have the same */
export const ticketScript = (file: string) => `${rangeLines}
local lines = io.lines("${file}")
request = function()
  n = n + 1
  local ticket, receipt = lines():match("^(.-)\\t(.*)$")
  local headers = { ["Range"] = range(), ["Authorization"] = ticket }
  if receipt ~= "-" then headers["Spareband-Receipt"] = receipt end
  return wrk.format("GET", nil, headers)
end${wrkReport}`;

/**
 * FILE.0, FILE.1 and so on, one for each run of wrk. Signed by another process than the box, whose memory
 * and CPU time it would burden.
 *
 * @param gigabytes the most that each run may fetch
 */
export async function writeTickets(file: string, gigabytes: readonly number[]): Promise<void> {
  const counts = gigabytes.map((most) => String(Math.ceil(most * TICKETS_PER_GB) + MORE_TICKETS));
  const script = join(import.meta.dir, "serve-tickets.ts");
  const signing = Bun.spawn([process.execPath, script, file, ...counts], { stderr: "inherit" });
  if ((await signing.exited) !== 0) throw new Error("the tickets could not be written");
}
