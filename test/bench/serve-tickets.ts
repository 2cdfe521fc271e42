/**
 * Writes what the viewer of the serving benchmarks sends: a line a request, with the ticket and the
 * receipt for what came some requests before.
 *
 *   bun serve-tickets.ts FILE TICKETS RUNS
 */
import { mebibytes } from "../../agent/core/units.ts";
import { authorization } from "../peer/peer-fixture.ts";
import { benchmarkedBox } from "./serve-fixture.ts";

const [out = "", tickets = "0", runs = "0"] = process.argv.slice(2);
const REQUESTS_PER_TICKET = 256;
/** A receipt covers what has arrived: not wrk's four requests under way, nor the one it makes up as a trial. */
const BEHIND = 5;
const { peer, viewer } = benchmarkedBox(0, "receipted");

function linesOfTicket(): string {
  const ticket = peer.ticket(viewer);
  const receipts = Array.from({ length: REQUESTS_PER_TICKET }, (_, index) =>
    index < BEHIND ? "-" : peer.receipt(viewer, ticket, mebibytes(index - BEHIND + 1), index),
  );
  return receipts.map((receipt) => `${authorization(ticket)}\t${receipt}\n`).join("");
}

/** A run of wrk begins with tickets nobody has used. */
for (let run = 0; run < Number(runs); run++) {
  const lines = Array.from({ length: Number(tickets) }, linesOfTicket);
  await Bun.write(`${out}.${run}`, lines.join(""));
}
await peer[Symbol.asyncDispose]();
