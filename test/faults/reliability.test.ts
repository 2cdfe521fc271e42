/** docs/reliability.md answers for every fault that has to be survived, with tests that are there. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";

const FAULTS = 62;

const text = readFileSync("docs/reliability.md", "utf8");
const table = text.slice(text.indexOf("## Every fault"));
const rows = [...table.matchAll(/^\| (\d+) [^|]*\|([^|]*)\|/gm)].map(([, number, tests = ""]) => ({
  number: Number(number),
  tests: [...tests.matchAll(/`([^`:]+\.test\.ts): ([^`]+)`/g)],
}));

test("the table has every fault once, in order", () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: FAULTS }, (_, n) => n + 1));
});

test("every test that the table names is in the file that it names", () => {
  const missing = rows.flatMap(({ number, tests }) => {
    if (tests.length === 0) return [`${number} names no test`];
    return tests
      .filter(
        ([, file = "", name = ""]) =>
          !existsSync(file) || !readFileSync(file, "utf8").includes(name),
      )
      .map(([, file, name]) => `${number}: ${file} has no "${name}"`);
  });
  expect(missing).toEqual([]);
});
