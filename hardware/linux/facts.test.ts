import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readFacts } from "./facts.ts";
import { createFileTree } from "./file-tree.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "facts-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
const facts = () => readFacts(createFileTree(root), false);

test("strings of a device tree end in a NUL that is no part of them", async () => {
  write("proc/device-tree/model", "Pine64 RockPro64\0");
  expect(await facts()).toEqual({ model: "Pine64 RockPro64" });
});

test.each(["To Be Filled By O.E.M.", "Default string", "0000000000", "-", "", "\0"])(
  "%p is not a serial number",
  async (serial) => {
    write("proc/device-tree/serial-number", serial);
    expect(await facts()).toEqual({});
  },
);

test("a board that tells nothing has no facts", async () => {
  expect(await facts()).toEqual({});
});

test("the name of the system is read with and without quotes", async () => {
  write("etc/os-release", "ID=x\nPRETTY_NAME=Buildroot\n");
  expect((await facts()).os).toBe("Buildroot");
  write("etc/os-release", 'PRETTY_NAME="Console OS 4.2"\n');
  expect((await facts()).os).toBe("Console OS 4.2");
});
