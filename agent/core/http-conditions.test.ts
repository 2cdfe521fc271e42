import { expect, test } from "bun:test";
import { judgeConditions, rangeAskedFor } from "./http-conditions.ts";

const ETAG = '"abc"';

test.each([
  ["nothing", {}, "go-on"],
  ["a tag that is known", { "if-none-match": '"x", "abc"' }, "not-modified"],
  ["its weak form", { "if-none-match": 'W/"abc"' }, "not-modified"],
  ["any tag", { "if-none-match": "*" }, "not-modified"],
  ["another tag", { "if-none-match": '"x"' }, "go-on"],
  ["a tag that has to be", { "if-match": ETAG }, "go-on"],
  ["the weak form of one that has to be", { "if-match": 'W/"abc"' }, "failed"],
  ["another one that has to be", { "if-match": '"x"' }, "failed"],
  ["both, of which If-Match goes first", { "if-match": '"x"', "if-none-match": "*" }, "failed"],
] as const)("with %s", (_what, headers: Record<string, string>, outcome) => {
  expect(judgeConditions(new Headers(headers), ETAG)).toBe(outcome);
});

test.each([
  ["GET", undefined, "bytes=0-9"],
  ["GET", ETAG, "bytes=0-9"],
  ["GET", 'W/"abc"', null],
  ["GET", "Sat, 21 Nov 2026 12:00:00 GMT", null],
  ["HEAD", undefined, null],
] as const)("a Range with %s and If-Range %s counts as %s", (method, ifRange, counts) => {
  const headers = { range: "bytes=0-9", ...(ifRange && { "if-range": ifRange }) };
  expect(rangeAskedFor(new Request("http://box/", { method, headers }), ETAG)).toBe(counts);
});
