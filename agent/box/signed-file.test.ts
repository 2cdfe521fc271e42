import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSignedFile, writeSignedFile } from "./signed-file.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "signed-file-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("what was kept is read again, byte for byte", () => {
  const file = join(directory, "consent.signed");
  const bytes = Uint8Array.from({ length: 512 }, (_, i) => i);
  writeSignedFile(file, { bytes });
  expect(readSignedFile(file)).toEqual(bytes);
});

test("what cannot be one is none", () => {
  const file = (name: string) => join(directory, name);
  mkdirSync(file("folder"));
  writeFileSync(file("words"), "not base64url!\n");
  writeFileSync(file("long"), "A".repeat(5_000));
  for (const name of ["folder", "words", "long", "absent"])
    expect(readSignedFile(file(name))).toBeUndefined();
});
