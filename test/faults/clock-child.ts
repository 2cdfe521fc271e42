/** Journals for a second and a half on the machine's clock, while the test makes that clock jump. */
import { systemClock } from "../../agent/core/system-clock.ts";
import { milliseconds } from "../../agent/core/units.ts";
import {
  everything,
  makeJournal,
  makeSnapshot,
  makeTicket,
} from "../../agent/journal/journal-testing.ts";
import { bodyOf } from "./journal-inspection.ts";

const [directory = ""] = process.argv.slice(2);
const { journal } = makeJournal(directory, { clock: systemClock, clockQuality: () => "untrusted" });
const stop = new AbortController();
const running = journal.run(stop.signal);
const walls: number[] = [];
let ticks = 0;
const until = systemClock.monotonicMs() + 1500;
while (systemClock.monotonicMs() < until) {
  const started = systemClock.monotonicMs();
  await systemClock.sleep(milliseconds(20));
  journal.close({ ...makeSnapshot(makeTicket(ticks), 1000), started }, "done");
  walls.push(systemClock.wallMs());
  ticks += 1;
}
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
    years: [...new Set(walls.map((wall) => new Date(wall).getUTCFullYear()))],
  }),
);
journal[Symbol.dispose]();
