/**
 * Uploads that begin at moments of no pattern, each long after the one before: how soon each is given the line. What a
 * single run of a scenario says of that is chance where it hangs on the phase that the first packets meet. Prints them
 * one by one, and the quantiles beside those of the same upload without a sharer.
 *
 *   bun test/lab/onsets.ts [--rtt 50] [--up 20000] [--buffer 250] [--uploads 10] [--sharer spareband] [--record FILE]
 */
import { parseArgs } from "node:util";
import { Home } from "./home.ts";
import { ordinary } from "./lines.ts";
import { quantile } from "./meters.ts";
import { Run } from "./run.ts";

const { values } = parseArgs({
  options: {
    rtt: { type: "string", default: String(ordinary.rtt) },
    up: { type: "string", default: String(ordinary.up) },
    buffer: { type: "string", default: String(ordinary.buffer) },
    uploads: { type: "string", default: "10" },
    sharer: { type: "string", default: "spareband" },
    record: { type: "string" },
  },
});

/** Uploads last so long, and at least so long and up to so much longer there is nobody before each: seconds. */
const LASTS = 4;
const APART = 20;
const APART_MORE = 8;
const ALONE = 4;

const line = {
  ...ordinary,
  up: Number(values.up),
  rtt: Number(values.rtt),
  buffer: Number(values.buffer),
};
for (const name of ["rtt", "up", "buffer", "uploads"] as const) {
  if (Number(values[name]) > 0) continue;
  console.error(`onsets: --${name} ${values[name]} is not a number above 0; give one.`);
  process.exit(64);
}
await play();
process.exit();

async function play(): Promise<void> {
  // Closed before the process ends, for the recording is written then.
  await using home = await Home.open(line);
  const run = new Run(home, values.sharer, values.record);
  await run.rest();
  const expected = (await run.transfer({ seconds: 12 })).rate;
  const given = async () =>
    (await run.transfer({ seconds: LASTS, expected })).given ?? Number.POSITIVE_INFINITY;
  const alone: number[] = [];
  for (let i = 0; i < ALONE; i++) {
    await run.wait(2);
    alone.push(await given());
  }
  await run.share();
  const shared: number[] = [];
  for (let i = 0; i < Number(values.uploads); i++) {
    await run.wait(APART + APART_MORE * Math.random());
    const at = new Date();
    const time = await given();
    shared.push(time);
    console.log(`${at.toISOString()} ${time.toFixed(2)} s`);
  }
  console.log(`alone ${summary(alone)}`);
  console.log(`with ${values.sharer} ${summary(shared)}`);
}

function summary(times: readonly number[]): string {
  const [least, half, most] = [0, 0.5, 1].map((part) => quantile(times, part).toFixed(2));
  return `given in ${least} s at the least, ${half} as the median, ${most} at the most (${times.length} uploads)`;
}
