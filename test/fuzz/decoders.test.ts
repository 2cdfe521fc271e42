/**
 * Every decoder of bytes from outside on mutated inputs: none may throw, hang, take memory without
 * bound, or accept two encodings of one thing (faults 20, 21, 32). `SPAREBAND_FUZZ_RUNS` sets the
 * number of inputs for all of them together, `SPAREBAND_FUZZ_SEED` repeats a run.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { startBodyServers } from "./body-targets.ts";
import { fileTargets, slowFileTargets } from "./file-targets.ts";
import { type Fuzzed, fuzz } from "./fuzz.ts";
import { kernelTargets, structTargets } from "./kernel-targets.ts";
import { messageTargets, slowTargets } from "./message-targets.ts";
import { mutateCbor } from "./mutate-cbor.ts";
import { mutateText } from "./mutate-text.ts";
import { textTargets } from "./text-targets.ts";

const RUNS = Number(process.env.SPAREBAND_FUZZ_RUNS ?? 60_000);
const SEED = Number(process.env.SPAREBAND_FUZZ_SEED ?? 1);

/** A millisecond an input is 20 times what the slowest needs; a minute covers a busy machine. */
const LIMIT_MS = 60_000 + RUNS;
/** Of processor time for one input of at most 64 KiB. Far above what a collection adds. */
const SLOWEST_MS = 5_000;
const GROWN_BYTES = 256 * 1024 * 1024;

const bytes = [...messageTargets, ...structTargets];
const texts = [...textTargets, ...fileTargets, ...kernelTargets];
const each = Math.ceil(RUNS / (bytes.length + texts.length));
/** Whole exports, files and requests take a good part of a millisecond and more. */
const SLOW_SHARE = 20;

function check<T extends Uint8Array | string>(
  targets: readonly Fuzzed<T>[],
  mutate: Parameters<typeof fuzz<T>>[1],
  runs: number,
): void {
  test.each(targets.map((target) => [target.name, target] as const))(
    "%s",
    async (_, target) => {
      const result = await fuzz(target, mutate, runs, SEED);
      expect(result.runs).toBe(runs);
      expect(result.outcomes).toBeGreaterThan(1);
      expect(result.slowestMs).toBeLessThan(SLOWEST_MS);
      expect(result.grownBytes).toBeLessThan(GROWN_BYTES);
    },
    LIMIT_MS,
  );
}

const slow = Math.ceil(each / SLOW_SHARE);
const servers = await startBodyServers();
afterAll(() => servers[Symbol.asyncDispose]());

describe("fuzzed messages", () => check(bytes, mutateCbor, each));
describe("fuzzed archives", () => check(slowTargets, mutateCbor, slow));
describe("fuzzed text", () => check(texts, mutateText, each));
describe("fuzzed files", () => check(slowFileTargets, mutateText, slow));
describe("fuzzed bodies", () => check(servers.targets, mutateText, slow));
