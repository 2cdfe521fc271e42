import { expect, test } from "bun:test";
import { isBacked } from "./play-backing.ts";

const play = (from: number, to: number, needed = 10) => ({ from, to, needed });
const delivered = (...pairs: readonly [number, number][]) =>
  pairs.map(([at, bytes]) => ({ at, bytes }));

test("a play stands on what was delivered in its time, and on nothing else", () => {
  expect(isBacked(play(0, 10), [], delivered([5, 10]))).toBe(true);
  expect(isBacked(play(0, 10), [], delivered([5, 9]))).toBe(false);
  expect(isBacked(play(0, 10), [], delivered([11, 10]))).toBe(false);
});

test("no byte carries two plays, whichever is looked at first", () => {
  const once = delivered([8, 10]);
  expect(isBacked(play(0, 10), [play(5, 15)], once)).toBe(false);
  expect(isBacked(play(5, 15), [play(0, 10)], once)).toBe(false);
  const twice = delivered([8, 10], [12, 10]);
  expect(isBacked(play(0, 10), [play(5, 15)], twice)).toBe(true);
  expect(isBacked(play(5, 15), [play(0, 10)], twice)).toBe(true);
});

test("a play moves over for another where both can be served, and no further", () => {
  // The middle one can use either delivery; with an early and a late one there is nothing left for it.
  const supply = delivered([2, 10], [18, 10]);
  expect(isBacked(play(0, 20), [play(0, 10)], supply)).toBe(true);
  expect(isBacked(play(0, 20), [play(0, 10), play(10, 20)], supply)).toBe(false);
  expect(isBacked(play(10, 20), [play(0, 20), play(0, 10)], supply)).toBe(false);
});
