import { describe, expect, test } from "bun:test";
import type { Hash, PublicKey } from "../core/encoding.ts";
import { type PlacementBox, type PlacementTitle, placeTitles } from "./placement.ts";

const GB = 1e9;
const key = (n: number) => n.toString(16).padStart(64, "0") as PublicKey;
const hash = (n: number) => n.toString(16).padStart(64, "0") as Hash;
const title = (n: number, demand: number, size = GB): PlacementTitle => ({
  title: hash(n),
  size,
  demand,
});
const box = (n: number, change: Partial<PlacementBox> = {}): PlacementBox => ({
  box: key(n),
  capacity: 10 * GB,
  rate: 10e6,
  presence: 1,
  holds: new Set(),
  blocked: new Set(),
  ...change,
});
const boxes = (count: number) => Array.from({ length: count }, (_, n) => box(n));
const copiesOf = (placed: ReadonlyMap<PublicKey, readonly Hash[]>, n: number) =>
  [...placed].filter(([, titles]) => titles.includes(hash(n))).map(([holder]) => holder);

describe("placement", () => {
  test("gives a wanted title the fewest copies, and a popular one as many as its demand needs", () => {
    const placed = placeTitles([title(1, 0.1), title(2, 20)], boxes(100));
    expect(copiesOf(placed, 1)).toHaveLength(2);
    expect(copiesOf(placed, 2).length).toBeGreaterThanOrEqual((20 * GB * 8) / 3600 / 5e6);
    expect(copiesOf(placed, 2).length).toBeLessThan(20);
  });

  test("brings nothing that nobody asks for, and leaves it where it is while there is room", () => {
    const holder = box(7, { holds: new Set([hash(3)]) });
    const placed = placeTitles([title(3, 0)], [...boxes(5), holder]);
    expect(copiesOf(placed, 3)).toEqual([holder.box]);
  });

  test("keeps to each box's space and to what its household blocked", () => {
    const small = box(1, { capacity: 2 * GB });
    const picky = box(2, { blocked: new Set([hash(1)]) });
    const placed = placeTitles(
      Array.from({ length: 8 }, (_, n) => title(n, 1)),
      [small, picky],
    );
    expect(placed.get(small.box)?.length).toBe(2);
    expect(placed.get(picky.box)).not.toContain(hash(1));
  });

  test("moves few titles when a box goes", () => {
    const titles = Array.from({ length: 200 }, (_, n) => title(n, 0.2));
    const before = placeTitles(titles, boxes(100));
    const held = boxes(100).map((b) => ({ ...b, holds: new Set(before.get(b.box)) }));
    const after = placeTitles(titles, held.slice(1));
    let moved = 0;
    for (const [holder, list] of after) {
      const had = new Set(before.get(holder));
      moved += list.filter((one) => !had.has(one)).length;
    }
    expect(moved).toBeLessThanOrEqual((before.get(key(0))?.length ?? 0) + 4);
  });

  test("of the same input is the same, whatever the order of boxes", () => {
    const titles = [title(1, 3), title(2, 1)];
    const forward = placeTitles(titles, boxes(30));
    const backward = placeTitles(titles, boxes(30).toReversed());
    expect(copiesOf(backward, 1).sort()).toEqual(copiesOf(forward, 1).sort());
  });
});
