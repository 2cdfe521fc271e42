/** docs/reliability.md names tests; those that it names have to be there. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";

const text = readFileSync("docs/reliability.md", "utf8");
const rows = [...text.matchAll(/^\| (\d+) .*$/gm)].map(([row, number]) => ({ row, number }));

test("the table of faults is sorted, and every test it names exists", () => {
  const numbers = rows.map(({ number }) => Number(number));
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  for (const { row } of rows) {
    const files = [...row.matchAll(/`((?:agent|test|hardware)\/[^`]+\.ts)`/g)].map(
      ([, file]) => file,
    );
    expect(files.length).toBeGreaterThan(0);
    for (const file of files)
      expect(existsSync(file as string) ? file : `${file} is missing`).toBe(file);
  }
});
