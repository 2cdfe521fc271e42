import { expect, test } from "bun:test";
import type { PublicKey } from "../core/encoding.ts";
import { seededRandom } from "../core/random.ts";
import { type Candidate, chooseBoxes } from "./matching.ts";

const key = (n: number) => n.toString(16).padStart(64, "0") as PublicKey;
const candidate = (n: number, change: Partial<Candidate> = {}): Candidate => ({
  box: key(n),
  addresses: [`http://box-${n}`],
  rate: 10_000_000,
  permille: 1_000,
  promised: 0,
  ...change,
});
const nobody: ReadonlySet<PublicKey> = new Set();
const choose = (list: readonly Candidate[], wanted = 4, avoid = nobody, household = nobody) =>
  chooseBoxes(list, { wanted, avoid, household }, seededRandom(5)).map(({ box }) => box);

test("as many boxes as wanted, each once", () => {
  const chosen = choose(Array.from({ length: 20 }, (_, n) => candidate(n)));
  expect(chosen).toHaveLength(4);
  expect(new Set(chosen).size).toBe(4);
});

test("no box that is avoided, of the household, unreachable, idle-less or empty", () => {
  const list = [
    candidate(1),
    candidate(2),
    candidate(3, { addresses: [] }),
    candidate(4, { rate: 0 }),
    candidate(5, { permille: 0 }),
    candidate(6),
  ];
  expect(choose(list, 6, new Set([key(1)]), new Set([key(2)]))).toEqual([key(6)]);
});

test("boxes are drawn in proportion to what they can spare, so load spreads", () => {
  const list = [
    ...Array.from({ length: 10 }, (_, n) => candidate(n)),
    candidate(10, { rate: 40_000_000 }),
    candidate(11, { promised: 10 * 375_000_000 }),
  ];
  const random = seededRandom(11);
  const counts = new Map<PublicKey, number>();
  for (let turn = 0; turn < 5_000; turn++) {
    for (const { box } of chooseBoxes(
      list,
      { wanted: 1, avoid: nobody, household: nobody },
      random,
    )) {
      counts.set(box, (counts.get(box) ?? 0) + 1);
    }
  }
  const usual = (counts.get(key(0)) ?? 0) / 5_000;
  expect((counts.get(key(10)) ?? 0) / 5_000 / usual).toBeGreaterThan(3);
  expect((counts.get(key(11)) ?? 0) / 5_000 / usual).toBeLessThan(0.3);
});
