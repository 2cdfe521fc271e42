/**
 * Runs a decoder on mutated inputs. Inputs whose outcome was not seen before join the seeds, so that
 * what is behind a check gets tested once something has passed it.
 */
import { type Random, seededRandom } from "../../agent/core/random.ts";
import { pick } from "./mutate-cbor.ts";

export interface Fuzzed<T> {
  readonly name: string;
  readonly seeds: readonly T[];
  run(input: T): string | Promise<string>;
}

export interface FuzzResult {
  readonly runs: number;
  readonly outcomes: number;
  /** Most processor time for one input: what else the machine does is not in it. */
  readonly slowestMs: number;
  /** How much the resident memory grew over the runs. */
  readonly grownBytes: number;
}

const MAX_CORPUS = 512;
/** Inputs larger than this say nothing new about small decoders. */
const MAX_INPUT = 65_536;

export async function fuzz<T extends Uint8Array | string>(
  target: Fuzzed<T>,
  mutate: (input: T, other: T, random: Random) => T,
  runs: number,
  seed: number,
): Promise<FuzzResult> {
  const random = seededRandom(seed);
  const corpus = [...target.seeds];
  const outcomes = new Set<string>();
  const before = process.memoryUsage.rss();
  let slowestMs = 0;
  for (const input of target.seeds) outcomes.add(await target.run(input));
  for (let run = 0; run < runs; run++) {
    const input = mutate(pick(random, corpus), pick(random, corpus), random);
    const started = process.cpuUsage();
    const found = attempt(target, input, `seed ${seed}, run ${run}`);
    // Most decoders answer at once: a promise each would cost more than they do.
    const outcome = typeof found === "string" ? found : await found;
    const { user, system } = process.cpuUsage(started);
    slowestMs = Math.max(slowestMs, (user + system) / 1000);
    if (outcomes.has(outcome) || input.length > MAX_INPUT) continue;
    outcomes.add(outcome);
    if (corpus.length < MAX_CORPUS) corpus.push(input);
  }
  const grownBytes = Math.max(0, process.memoryUsage.rss() - before);
  return { runs, outcomes: outcomes.size, slowestMs, grownBytes };
}

function attempt<T extends Uint8Array | string>(
  target: Fuzzed<T>,
  input: T,
  when: string,
): string | Promise<string> {
  const failed = (cause: unknown): never => {
    const shown =
      typeof input === "string" ? JSON.stringify(input) : Buffer.from(input).toString("hex");
    throw new Error(`${target.name} failed (${when}) on ${shown}`, { cause });
  };
  try {
    const outcome = target.run(input);
    return typeof outcome === "string" ? outcome : outcome.catch(failed);
  } catch (cause) {
    return failed(cause);
  }
}
