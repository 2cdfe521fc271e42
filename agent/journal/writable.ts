/** Can a directory be written now? Tried, because rights and mounts alone do not tell. */
import { closeSync, fsyncSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/** What a first commit needs, with something to spare. */
const PROBE = new Uint8Array(64 * 1024);

/** Leaves nothing behind but the directory itself. */
export function isWritable(directory: string): boolean {
  const path = join(directory, "probe");
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const file = openSync(path, "w", 0o600);
    try {
      writeSync(file, PROBE);
      fsyncSync(file);
    } finally {
      closeSync(file);
      rmSync(path, { force: true });
    }
    return true;
  } catch {
    return false;
  }
}
