/** The box of the serving benchmarks, in a process of its own so that its CPU time is counted alone. */
import { systemClock } from "../../agent/core/system-clock.ts";
import { mebibytes } from "../../agent/core/units.ts";
import { authorization, PeerFixture } from "../peer/peer-fixture.ts";

const [size = "0", delivery = "open", tickets = "0", out = "", runs = "0"] = process.argv.slice(2);
const peer = new PeerFixture({
  size: Number(size),
  clock: systemClock,
  delivery: delivery === "open" ? "open" : "receipted",
});
const REQUESTS_PER_TICKET = 256;
/** A receipt covers what has arrived: not wrk's four requests under way, nor the one it makes up as a trial. */
const BEHIND = 5;

/** One line a request: the ticket, and the receipt for what came some requests before. */
async function writeTickets(count: number, path: string): Promise<void> {
  const viewer = peer.viewer();
  // A viewer that has signed before, with the largest window.
  peer.journal.noteViewer(viewer.publicKey, { window: mebibytes(8), strikes: 0 });
  const lines = Array.from({ length: count }, () => {
    const ticket = peer.ticket(viewer);
    const receipts = Array.from({ length: REQUESTS_PER_TICKET }, (_, index) =>
      index < BEHIND ? "-" : peer.receipt(viewer, ticket, mebibytes(index - BEHIND + 1), index),
    );
    return receipts.map((receipt) => `${authorization(ticket)}\t${receipt}\n`).join("");
  });
  await Bun.write(path, lines.join(""));
}

/** A run of wrk begins with tickets nobody has used. */
for (let run = 0; run < Number(runs); run++) await writeTickets(Number(tickets), `${out}.${run}`);
console.log(JSON.stringify({ url: peer.file, disk: `${peer.directory}/0` }));
process.on("SIGTERM", async () => {
  await peer[Symbol.asyncDispose]();
  process.exit(0);
});
