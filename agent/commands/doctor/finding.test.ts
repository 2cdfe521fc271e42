import { expect, test } from "bun:test";
import { attention, bad, formatFindings, good } from "./finding.ts";

test("findings are one aligned line each, the outcome first", () => {
  expect(
    formatFindings([good("clock", "fine"), attention("heat", "no zone"), bad("sqlite", "missing")]),
  ).toEqual(["ok   clock   fine", "!    heat    no zone", "BAD  sqlite  missing"]);
});
