import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Replaces a file so that after a power cut it is the old one or the new one, whole, and after the
 * return the new one: write beside it, fsync, rename, fsync the directory.
 */
export function writeDurably(path: string, text: string, mode: number): void {
  const beside = `${path}.new`;
  rmSync(beside, { force: true });
  try {
    writeWhole(beside, Buffer.from(text), mode);
    renameSync(beside, path);
  } catch (fault) {
    rmSync(beside, { force: true });
    throw fault;
  }
  const directory = openSync(dirname(path), "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** On a full disk the kernel writes what fits and says how much that was; only the next write fails. */
function writeWhole(path: string, data: Uint8Array, mode: number): void {
  const file = openSync(path, "wx", mode);
  try {
    for (let written = 0; written < data.length; ) written += writeSync(file, data, written);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
