import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseRange } from "./byte-range.ts";

const part = (start: number, end: number) => ({ kind: "part", start, end }) as const;

test.each([
  ["bytes=0-99", part(0, 100)],
  ["bytes=990-", part(990, 1000)],
  ["bytes=-10", part(990, 1000)],
  ["bytes=-5000", part(0, 1000)],
  ["bytes=999-5000", part(999, 1000)],
  [`bytes=0-${"9".repeat(400)}`, part(0, 1000)],
  [`bytes=-${"9".repeat(400)}`, part(0, 1000)],
  ["Bytes=0-0", part(0, 1)],
  ["bytes=0-9, 10-19", part(0, 20)],
  ["bytes=0-9,500-599", part(0, 10)],
  ["bytes=2000-,5-9", part(5, 10)],
  ["bytes=,5-9", part(5, 10)],
] as const)("%s of 1000 bytes is answered with that part", (header, answer) => {
  expect(parseRange(header, 1000)).toEqual(answer);
});

const beyond = ["bytes=1000-", "bytes=5000-6000", "bytes=-0", "bytes=99999999999999999999-"];
test.each(beyond)("%s of 1000 bytes is unsatisfiable", (header) => {
  expect(parseRange(header, 1000)).toEqual({ kind: "unsatisfiable" });
});

test.each([
  "items=0-1",
  "bytes=9-5",
  "bytes=a-b",
  "bytes=-",
  "bytes=",
  "bytes=1-2,x",
  "0-99",
  "bytes=1--2",
])("%s is not a range: the header is ignored", (header) => {
  expect(parseRange(header, 1000)).toEqual({ kind: "whole" });
});

test("many small ranges and long headers are refused", () => {
  const many = Array.from({ length: 17 }, (_, i) => `${i * 10}-${i * 10}`).join(",");
  expect(parseRange(`bytes=${many}`, 1000)).toEqual({ kind: "unsatisfiable" });
  expect(parseRange(`bytes=0-1${" ".repeat(600)}`, 1000)).toEqual({ kind: "unsatisfiable" });
});

test("an empty file satisfies no range", () => {
  expect(parseRange("bytes=0-0", 0)).toEqual({ kind: "unsatisfiable" });
});

test("whatever the header says, a part lies inside the file", () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^bytes=[0-9, -]{0,40}$/));
  fc.assert(
    fc.property(text, fc.nat({ max: 1e6 }), (header, size) => {
      const answer = parseRange(header, size);
      return (
        answer.kind !== "part" ||
        (0 <= answer.start && answer.start < answer.end && answer.end <= size)
      );
    }),
  );
});
