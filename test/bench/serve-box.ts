/**
 * The box of the serving benchmarks, in a process of its own so that its CPU time is counted alone.
 *
 *   bun serve-box.ts SIZE open|receipted [BITS_PER_SECOND]
 *
 * With a rate its connections are read and paced as the governor does it, which here has no line to learn.
 */
import { silentLog } from "../../agent/core/log.ts";
import { every } from "../../agent/core/part.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { bitsPerSecond, milliseconds } from "../../agent/core/units.ts";
import { PeerPacer } from "../../agent/governor/peer-pacer.ts";
import { openPeerSockets } from "../../hardware/linux/line-access.ts";
import { wideOpen } from "../peer/peer-fixture.ts";
import { benchmarkedBox } from "./serve-fixture.ts";

/** The governor looks 10 to 40 times a second. */
const LOOK = milliseconds(50);

const [size = "0", delivery = "open", rate] = process.argv.slice(2);
const { peer } = benchmarkedBox(Number(size), delivery === "open" ? "open" : "receipted");
const stop = new AbortController();
const paced = rate === undefined ? undefined : pace(Number(rate), stop.signal);
console.log(JSON.stringify({ url: peer.file, disk: `${peer.directory}/0` }));
process.on("SIGTERM", async () => {
  stop.abort();
  await paced;
  await peer[Symbol.asyncDispose]();
  process.exit(0);
});

function pace(wanted: number, signal: AbortSignal): Promise<void> {
  const sockets = openPeerSockets({ clock: systemClock, ports: () => [peer.server.port] });
  const pacer = new PeerPacer(sockets);
  const verdict = { ...wideOpen, rate: bitsPerSecond(wanted) };
  const look = async () => {
    const reading = await sockets.read();
    pacer.pace(reading, verdict, false, systemClock.monotonicMs());
  };
  return every(LOOK, look, { clock: systemClock, log: silentLog, signal, name: "pacing" });
}
