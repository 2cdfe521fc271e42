import { expect, test } from "bun:test";
import fc from "fast-check";
import type { PublicKey } from "../core/encoding.ts";
import { type ChunkRef, refsOf } from "./chunks.ts";
import { sampleTitle } from "./sample-title.ts";
import { Schedule, type Source } from "./schedule.ts";

const KIB = 1024;
const CHUNK = 64 * KIB;
const title = sampleTitle([
  ["a", 20 * CHUNK],
  ["b", 4 * CHUNK],
]).sealed.body;

const source = (name: string, change: Partial<Source> = {}): Source => ({
  id: name.padEnd(64, "0") as PublicKey,
  rate: 1_000_000,
  most: 4 * CHUNK,
  lastResort: false,
  lacks: () => false,
  ...change,
});

function wanting(refs: readonly (readonly [file: number, chunk: number, deadline?: number])[]) {
  const schedule = new Schedule(title);
  for (const [file, chunk, deadline] of refs) schedule.want({ file, chunk }, deadline);
  return schedule;
}

test("chunks that follow each other go into one request, until the end is near", () => {
  const schedule = wanting([...Array(12).keys()].map((chunk) => [0, chunk] as const));
  const a = source("a");
  expect(schedule.take(a, [a], 0)).toEqual({ file: 0, first: 0, after: 4 });
  expect(schedule.take(a, [a], 0)).toEqual({ file: 0, first: 4, after: 8 });
  expect(schedule.take(a, [a], 0)).toEqual({ file: 0, first: 8, after: 9 });
});

test("the earliest deadline goes first", () => {
  const schedule = wanting([
    [0, 0],
    [0, 9, 5_000],
    [1, 2, 2_000],
  ]);
  const a = source("a");
  expect(schedule.take(a, [a], 0)).toMatchObject({ file: 1, first: 2 });
});

test("without deadlines, what few boxes have goes first", () => {
  const schedule = wanting([
    [0, 0],
    [1, 0],
  ]);
  const a = source("a");
  const b = source("b", { lacks: (ref) => ref.file === 1 });
  expect(schedule.take(a, [a, b], 0)).toMatchObject({ file: 1 });
});

test("a slow box leaves what it would bring too late to others", () => {
  const schedule = wanting([
    [0, 0, 500],
    [0, 5, 60_000],
  ]);
  const slow = source("slow", { rate: 20_000 });
  const fast = source("fast");
  expect(schedule.take(slow, [slow, fast], 0)).toMatchObject({ first: 5 });
});

test("what no box can bring in time is still fetched in order, a chunk by each box", () => {
  const schedule = wanting([0, 1, 2].map((chunk) => [0, chunk, 100 + chunk] as const));
  const boxes = [source("a", { rate: 20_000 }), source("b", { rate: 20_000 })] as const;
  expect(schedule.take(boxes[0], boxes, 0)).toEqual({ file: 0, first: 0, after: 1 });
  expect(schedule.take(boxes[1], boxes, 0)).toEqual({ file: 0, first: 1, after: 2 });
});

test("what its box will miss is asked of a faster one too, once", () => {
  const schedule = wanting([[0, 0, 2_000]]);
  const slow = source("slow", { rate: 10_000 });
  const fast = source("fast");
  expect(schedule.take(slow, [slow, fast], 0)).toMatchObject({ first: 0 });
  expect(schedule.take(fast, [slow, fast], 100)).toMatchObject({ first: 0 });
  expect(schedule.take(source("third"), [slow, fast], 200)).toBeUndefined();
});

test("the origin is asked only for what no box has, or no box brings in time", () => {
  const origin = source("origin", { lastResort: true });
  const box = source("box", { lacks: (ref) => ref.file === 1, rate: 10_000 });
  const bulk = wanting([
    [0, 0],
    [1, 0],
  ]);
  expect(bulk.take(origin, [box, origin], 0)).toMatchObject({ file: 1 });
  expect(bulk.take(origin, [box, origin], 0)).toBeUndefined();
  const urgent = wanting([[0, 3, 5_000]]);
  expect(urgent.take(origin, [box, origin], 0)).toBeUndefined();
  expect(urgent.take(box, [box, origin], 0)).toMatchObject({ first: 3 });
  expect(urgent.take(origin, [box, origin], 3_000)).toMatchObject({ first: 3 });
});

test("in the end second copies are asked for, but only a few bytes of them", () => {
  const schedule = wanting([...Array(20).keys()].map((chunk) => [0, chunk] as const));
  const slow = source("slow", { rate: 1_000, most: 20 * CHUNK });
  const fast = source("fast");
  expect(schedule.take(slow, [slow, fast], 0)).toMatchObject({ after: 20 });
  let copies = 0;
  while (schedule.take(fast, [slow, fast], 0)) copies++;
  expect(copies).toBeGreaterThan(0);
  expect(copies * CHUNK).toBeLessThanOrEqual(1024 * KIB + CHUNK);
});

test("what a box gives back is free again; what is done is not wanted any more", () => {
  const schedule = wanting([[0, 0]]);
  const a = source("a");
  const run = schedule.take(a, [a], 0);
  if (!run) throw new Error("nothing taken");
  schedule.release(run, a.id);
  expect(schedule.take(a, [a], 0)).toEqual(run);
  expect(schedule.done({ file: 0, chunk: 0 })).toBe(true);
  expect(schedule.done({ file: 0, chunk: 0 })).toBe(false);
  expect(schedule.size).toBe(0);
});

test("whatever boxes do, every chunk is brought once, and at most two fetch one at a time", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ box: fc.nat(3), fails: fc.boolean(), step: fc.nat(400) }), {
        minLength: 40,
        maxLength: 200,
      }),
      (moves) => {
        const all: ChunkRef[] = [...Array(20).keys()].map((chunk) => ({ file: 0, chunk }));
        const schedule = wanting(all.map((ref) => [ref.file, ref.chunk, 1_000 + ref.chunk * 300]));
        const boxes = [0, 1, 2, 3].map((at) => source(String(at), { rate: 50_000 * (at + 1) }));
        const held = new Map<string, number>();
        const brought = new Set<number>();
        let now = 0;
        for (const { box, fails, step } of moves) {
          now += step;
          const asking = boxes[box];
          const run = asking && schedule.take(asking, boxes, now);
          if (!asking || !run) continue;
          for (const ref of refsOf(run)) {
            const key = String(ref.chunk);
            held.set(key, (held.get(key) ?? 0) + 1);
            expect(held.get(key)).toBeLessThanOrEqual(2);
            if (!fails && schedule.done(ref)) {
              expect(brought.has(ref.chunk)).toBe(false);
              brought.add(ref.chunk);
            }
            held.set(key, (held.get(key) ?? 1) - 1);
          }
          schedule.release(run, asking.id);
        }
        expect(schedule.size).toBe(20 - brought.size);
      },
    ),
  );
});
