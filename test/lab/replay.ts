/**
 * Replays a recording through the law of today: bun test/lab/replay.ts FILE [FROM-TO]
 *
 * One line a second of the recording, or one a tick within FROM-TO (seconds): what was decided then and
 * now, in Mbit/s, what of it was delivered, and the queue in milliseconds.
 */
import { reasonOf } from "../../agent/core/errors.ts";
import { readTextFile } from "../../agent/core/read-text-file.ts";
import type { Decision } from "../../agent/governor/decide.ts";
import { everythingAllowed } from "../../agent/governor/policy.ts";
import { parseRecording, type RecordedTick, replay } from "../../agent/governor/recording.ts";

/** Twice what a box writes. */
const LONGEST = 128 * 1024 * 1024;
const [path, span] = process.argv.slice(2);
if (path === undefined) fail("name a recording: bun test/lab/replay.ts FILE [FROM-TO]");
const ticks = read(path);
const [from = 0, to = Number.POSITIVE_INFINITY] = span?.split("-").map(Number) ?? [];
const begun = ticks[0]?.now.monotonic ?? 0;
let index = 0;
let second = -1;
let before: RecordedTick | undefined;
for (const decision of replay(ticks, everythingAllowed)) {
  const tick = ticks[index++] as RecordedTick;
  const at = (tick.now.monotonic - begun) / 1000;
  const isShown = span === undefined ? Math.floor(at) > second : at >= from && at <= to;
  if (!isShown) continue;
  second = Math.floor(at);
  console.log(lineOf(at, tick, before ?? tick, decision));
  before = tick;
}

function lineOf(at: number, tick: RecordedTick, last: RecordedTick, decision: Decision): string {
  const { line } = decision.state;
  const ms = tick.now.monotonic - last.now.monotonic;
  const arrived = acknowledged(tick) - acknowledged(last);
  const queue = line.delay.queue.at(-1)?.queue;
  return [
    `${at.toFixed(3)} s`,
    line.phase.kind,
    `then ${megabits(tick.rate)}`,
    `now ${megabits(line.rate)}`,
    `of ${line.available === undefined ? "?" : megabits(line.available)}`,
    `delivered ${ms > 0 ? megabits((arrived * 8000) / ms) : "-"}`,
    `queue ${queue === undefined ? "-" : queue.toFixed(1)}`,
    `usual ${line.usual.toFixed(1)}`,
    ...(decision.train > 0 ? [`train of ${decision.train}`] : []),
  ].join("  ");
}

function read(file: string): readonly RecordedTick[] {
  try {
    const found = parseRecording(readTextFile(file, LONGEST));
    if (found.length > 0 && found.every(isTick)) return found;
    return fail(`${file} is no recording: name a file that governor.recording or --record wrote`);
  } catch (fault) {
    return fail(`${file} cannot be read as a recording: ${reasonOf(fault)}`);
  }
}

function isTick({ now, samples }: Partial<RecordedTick>): boolean {
  return typeof now?.monotonic === "number" && Array.isArray(samples?.line?.delays);
}

function acknowledged({ samples }: RecordedTick): number {
  return samples.line.peers?.acknowledged ?? 0;
}

function megabits(bits: number): string {
  return (bits / 1e6).toFixed(2);
}

function fail(sentence: string): never {
  console.error(sentence);
  process.exit(64);
}
