import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "../core/encoding.ts";
import { type Floor, FloorFile } from "./floor.ts";

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "spareband-floor-"));
  path = join(directory, "identity", "floor");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const floor = (sequence: number): Floor => ({
  generation: 1,
  sequence,
  head: sha256(Buffer.from(String(sequence))),
});

test("what was written last is read, also by another run", () => {
  const file = new FloorFile(path);
  expect(file.read()).toEqual({ state: "none" });
  for (const sequence of [1, 2, 3]) file.write(floor(sequence));
  const again = new FloorFile(path);
  expect(again.read()).toEqual({ state: "known", floor: floor(3) });
  again.write(floor(4));
  expect(new FloorFile(path).read()).toEqual({ state: "known", floor: floor(4) });
});

test("a write that a power cut tore leaves the one before", () => {
  const file = new FloorFile(path);
  for (const sequence of [1, 2, 3]) file.write(floor(sequence));
  const whole = readFileSync(path);
  for (const half of [0, 4096]) {
    const torn = Buffer.from(whole);
    torn.fill(0, half + 20, half + 4096);
    writeFileSync(path, torn);
    expect(new FloorFile(path).read()).toEqual({
      state: "known",
      floor: floor(half === 0 ? 3 : 2),
    });
  }
});

test("with any byte of what it says changed it is the one before, or known to be damaged", () => {
  const file = new FloorFile(path);
  for (const sequence of [1, 2]) file.write(floor(sequence));
  const whole = readFileSync(path);
  for (let position = 0; position < 4096; position += 7) {
    const changed = Buffer.from(whole);
    changed[position] = (changed[position] ?? 0) ^ 4;
    writeFileSync(path, changed);
    const found = new FloorFile(path).read();
    expect(found.state === "known" && [1, 2].includes(found.floor.sequence)).toBe(true);
  }
  writeFileSync(path, Buffer.alloc(8192, "x"));
  expect(new FloorFile(path).read()).toEqual({ state: "damaged" });
});
