import { expect, test } from "bun:test";
import type { Hash } from "../core/encoding.ts";
import { parseTarget, pathOf } from "./request-target.ts";

const title = "ab".repeat(32) as Hash;

test("files of titles, with their escapes undone once", () => {
  expect(parseTarget(`/v1/titles/${title}/files/a/b%20c.ts`)).toEqual({
    kind: "file",
    title,
    path: "a/b c.ts",
  });
  expect(parseTarget(`/v1/titles/${title}/files/a%252e`)).toEqual({
    kind: "file",
    title,
    path: "a%2e",
  });
});

test("the other targets", () => {
  expect(parseTarget(`/v1/titles/${title}/metalink`)).toEqual({ kind: "metalink", title });
  expect(parseTarget("/v1/receipts")).toEqual({ kind: "receipts" });
  expect(parseTarget("/v1/box")).toEqual({ kind: "box" });
});

test.each([
  "/",
  "/v1/titles",
  `/v1/titles/${title}`,
  `/v1/titles/${title}/files/`,
  `/v1/titles/${title.toUpperCase()}/files/a`,
  `/v1/titles/${title}x/files/a`,
  `/v1/titles/${title}/files/%zz`,
  `/v1/titles/${title}/files/${"a".repeat(900)}`,
  "http://example.org/",
])("what is not of this protocol is unknown: %.40s", (path) => {
  expect(parseTarget(path)).toEqual({ kind: "unknown" });
});

test.each([
  "http://box.example:8080/v1/box",
  "http://box.example/v1/box?a=/b",
  "/v1/box",
  "/v1/box?at=http://box.example/",
])("the path of %s, whatever stands before and after it", (url) => {
  expect(pathOf(url)).toBe("/v1/box");
});
