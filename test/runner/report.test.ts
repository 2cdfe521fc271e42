import { expect, test } from "bun:test";
import { casesOf, parseJunit, skipReasons, summary } from "./report.ts";

const junit = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="4">
  <testsuite name="a.test.ts" file="a.test.ts">
    <testsuite name="x" file="a.test.ts" line="2">
      <testcase name="takes &quot;a &lt; b&quot;" classname="x" time="0" file="a.test.ts" />
      <testcase name="runs on arm64 (needs qemu)" classname="x" time="0" file="a.test.ts">
        <skipped />
      </testcase>
      <testcase name="bad" classname="x" time="0.001" file="a.test.ts">
        <failure type="AssertionError" message="expected">at a.test.ts:2</failure>
      </testcase>
    </testsuite>
  </testsuite>
  <testsuite name="b.test.ts" file="b.test.ts">
    <testcase name="top" classname="" time="0.000008" file="b.test.ts" />
  </testsuite>
</testsuites>`;

test("a report gives each case with its group, outcome and decoded name", () => {
  expect(parseJunit(junit)).toEqual([
    { file: "a.test.ts", name: 'x > takes "a < b"', outcome: "passed" },
    { file: "a.test.ts", name: "x > runs on arm64 (needs qemu)", outcome: "skipped" },
    { file: "a.test.ts", name: "x > bad", outcome: "failed" },
    { file: "b.test.ts", name: "top", outcome: "passed" },
  ]);
});

test("the summary names skipped tests only where there are any", () => {
  expect(summary(parseJunit(junit))).toBe("2 passed, 1 failed, 1 skipped");
  expect(summary([{ file: "a", name: "b", outcome: "passed" }])).toBe("1 passed, 0 failed");
});

test("skipped tests are counted by the reason in their name", () => {
  expect([...skipReasons(parseJunit(junit))]).toEqual([["needs qemu", 1]]);
});

test("a file that did not load counts as failed", () => {
  const cases = casesOf({ files: ["a.test.ts", "b.test.ts", "c.test.ts"], junit, exitCode: 1 });
  expect(cases.at(-1)).toEqual({ file: "c.test.ts", name: "ran no test", outcome: "failed" });
});

test("a process that died without a report fails each of its files", () => {
  const cases = casesOf({ files: ["a.test.ts"], junit: undefined, exitCode: 139 });
  expect(cases).toEqual([{ file: "a.test.ts", name: "ended with 139", outcome: "failed" }]);
});

test("a bad exit after passing tests is a failure", () => {
  const passing = junit.replace(/<failure[\s\S]*?<\/failure>/, "");
  const cases = casesOf({ files: ["a.test.ts", "b.test.ts"], junit: passing, exitCode: 7 });
  expect(summary(cases)).toBe("3 passed, 1 failed, 1 skipped");
});
