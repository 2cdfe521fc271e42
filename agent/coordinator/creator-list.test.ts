import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PublicKey } from "../core/encoding.ts";
import { silentLog } from "../core/log.ts";
import { openCreatorList, parseCreatorList } from "./creator-list.ts";

const [one, two] = ["1".repeat(64) as PublicKey, "2".repeat(64) as PublicKey];
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "creators-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("a key a line, remarks and notes beside them", () => {
  const text = `# our labels\n${one}  Meadow Records, contract 7\r\n\n  ${two}\n`;
  expect(parseCreatorList(text, "creators")).toEqual(new Set([one, two]));
});

test.each(["Meadow Records", "1".repeat(63), "A".repeat(64), `"${one}"`])(
  "the line %p is refused with its number",
  (line) => {
    expect(() => parseCreatorList(`${one}\n${line}\n`, "creators")).toThrow(/creators, line 2: /);
  },
);

test("a creator that is added may publish at once, and a broken file changes nothing", () => {
  const file = join(directory, "creators");
  writeFileSync(file, `${one}\n`);
  const admits = openCreatorList(file, silentLog);
  expect([admits(one), admits(two)]).toEqual([true, false]);
  writeFileSync(file, `${one}\n${two}\n`);
  expect(admits(two)).toBe(true);
  writeFileSync(file, "oops\n");
  expect(admits(two)).toBe(true);
  rmSync(file);
  expect(admits(two)).toBe(true);
});

test("a file that is not there ends the start with a sentence", () => {
  expect(() => openCreatorList(join(directory, "none"), silentLog)).toThrow(
    /cannot read the list of creators .*none \(ENOENT\)/,
  );
});
