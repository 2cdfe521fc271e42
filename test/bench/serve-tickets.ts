/**
 * Writes what the viewer of the serving benchmarks sends: a line a request, with the ticket and the
 * receipt for what came some requests before.
 *
 *   bun serve-tickets.ts FILE TICKETS...
 *
 * FILE.0 has the first number of tickets, FILE.1 the second, and so on.
 */
import { mebibytes } from "../../agent/core/units.ts";
import { authorization } from "../peer/peer-fixture.ts";
import { benchmarkedBox } from "./serve-fixture.ts";

const [out = "", ...counts] = process.argv.slice(2);
const REQUESTS_PER_TICKET = 256;
/** A receipt covers what has arrived: not the three others of wrk's four requests under way, nor itself. */
const BEHIND = 4;
const { peer, viewer } = benchmarkedBox(0, "receipted");

/** @param unsent requests that wrk makes up as a trial and never sends */
function linesOfTicket(unsent: number): string {
  const ticket = peer.ticket(viewer);
  const receipts = Array.from({ length: REQUESTS_PER_TICKET }, (_, index) => {
    const arrived = index + 1 - BEHIND - unsent;
    return arrived > 0 ? peer.receipt(viewer, ticket, mebibytes(arrived), index) : "-";
  });
  return receipts.map((receipt) => `${authorization(ticket)}\t${receipt}\n`).join("");
}

/** A run of wrk begins with tickets nobody has used. */
for (const [run, count] of counts.entries()) {
  const lines = Array.from({ length: Number(count) }, (_, ticket) => linesOfTicket(ticket ? 0 : 1));
  await Bun.write(`${out}.${run}`, lines.join(""));
}
await peer[Symbol.asyncDispose]();
