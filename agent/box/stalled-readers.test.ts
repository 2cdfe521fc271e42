import { expect, test } from "bun:test";
import { bitsPerSecond, bytes, seconds } from "../core/units.ts";
import { oneFlow } from "../governor/one-flow.ts";
import { isStalled } from "./stalled-readers.ts";

const stalled = oneFlow({ notSent: bytes(8192), quiet: seconds(31) });

test("a client is stalled when bytes wait and its window lets none out for 30 s", () => {
  expect(isStalled(stalled, bitsPerSecond(1e6))).toBe(true);
});

test.each([
  ["has been stalled for a shorter while", { quiet: seconds(29) }],
  ["has nothing to be sent: it idles", { notSent: bytes(0) }],
  ["has bytes on their way, in a queue of ours or on a broken line", { inFlight: 1 }],
])("one that %s is not", (_, change) => {
  expect(isStalled({ ...stalled, ...change }, bitsPerSecond(1e6))).toBe(false);
});

test("one that is held back waits for its next pair of segments first", () => {
  const held = { ...stalled, segment: bytes(8948) };
  expect(isStalled(held, bitsPerSecond(8000))).toBe(false);
  expect(isStalled({ ...held, quiet: seconds(48) }, bitsPerSecond(8000))).toBe(true);
  expect(isStalled(held, undefined)).toBe(true);
});
