import { expect, test } from "bun:test";
import type { PublicKey } from "../core/encoding.ts";
import { seededRandom } from "../core/random.ts";
import { defaultRingRules, findRings, type Sale } from "./rings.ts";

const GIB = 1024 ** 3;
const random = seededRandom(3);
const keys = (count: number, kind: string) =>
  Array.from({ length: count }, (_, n) => `${kind}${n}`.padEnd(64, "0") as PublicKey);
const anyOf = <T>(list: readonly T[]) => list[Math.floor(random.unit() * list.length)] as T;

/** Sales as the coordinator's draw makes them: everyone buys anywhere. */
function mixed(boxes: readonly PublicKey[], viewers: readonly PublicKey[], each: number): Sale[] {
  return viewers.flatMap((viewer) =>
    Array.from({ length: each }, () => ({ box: anyOf(boxes), viewer, bytes: GIB })),
  );
}

const honest = mixed(keys(2_000, "b"), keys(1_000, "v"), 25);
const ringBoxes = keys(50, "r");
const ring = mixed(ringBoxes, keys(50, "s"), 15);

test("an honest network has no ring, large or small", () => {
  expect(findRings(honest)).toEqual([]);
  expect(findRings(mixed(keys(4, "b"), keys(3, "v"), 20))).toEqual([]);
});

test("a ring among honest boxes is found, and only it", () => {
  const found = findRings([...honest, ...ring]);
  expect(found).toHaveLength(1);
  expect(found[0]?.boxes).toBeGreaterThanOrEqual(45);
  expect(found[0]?.inside).toBe(1);
  expect(found[0]?.members.every((key) => /^[rs]/.test(key))).toBe(true);
});

test("a ring that serves a few honest viewers too is still found", () => {
  const cover = mixed(ringBoxes, keys(30, "v"), 3);
  expect(findRings([...honest, ...ring, ...cover])).toHaveLength(1);
});

test("groups below the limits are left alone", () => {
  const few = { ...defaultRingRules, minBoxes: 51 };
  expect(findRings([...honest, ...ring], few)).toEqual([]);
  const small = ring.map((sale) => ({ ...sale, bytes: 1_000_000 }));
  expect(findRings([...honest, ...small])).toEqual([]);
});
