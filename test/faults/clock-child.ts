/**
 * Journals on the machine's clock, while the test makes that clock jump, until its stdin ends. Prints
 * the year of each tick, then what came of it.
 */
import { systemClock } from "../../agent/core/system-clock.ts";
import { milliseconds } from "../../agent/core/units.ts";
import {
  bodyOf,
  everything,
  makeJournal,
  makeSnapshot,
  makeTicket,
} from "../../agent/journal/journal-testing.ts";

const [directory = ""] = process.argv.slice(2);
const { journal } = makeJournal(directory, { clock: systemClock, clockQuality: () => "untrusted" });
const stop = new AbortController();
const running = journal.run(stop.signal);
/** Timers may fire a millisecond early. */
const PAUSE_MS = 20;
let over = false;
process.stdin.on("end", () => {
  over = true;
});
process.stdin.resume();
let ticks = 0;
const began = systemClock.monotonicMs();
while (!over) {
  const started = systemClock.monotonicMs();
  await systemClock.sleep(milliseconds(PAUSE_MS + 1));
  journal.close({ ...makeSnapshot(makeTicket(ticks), 1000), started }, "done");
  ticks += 1;
  console.log(new Date(systemClock.wallMs()).getUTCFullYear());
}
const lasted = Math.ceil(systemClock.monotonicMs() - began);
journal.commit();
stop.abort();
await running;
const spans = journal.pending(0, everything).map((record) => {
  const { started, ended } = bodyOf(record);
  return ended - started;
});
console.log(
  JSON.stringify({
    ticks,
    records: spans.length,
    shortest: Math.min(...spans),
    longest: Math.max(...spans),
    pause: PAUSE_MS,
    lasted,
  }),
);
journal[Symbol.dispose]();
