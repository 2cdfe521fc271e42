/**
 * Opens SQLite databases, with an addon that the built executable carries inside itself. Bun would
 * unpack it into TMPDIR, which may be full, read-only or noexec, and would trust any file of that
 * name and size it finds there; so it is loaded from anonymous memory instead.
 */
import { FFIType } from "bun:ffi";
import { closeSync, readFileSync, writeSync } from "node:fs";
import Database from "better-sqlite3";
import { embeddedAddon } from "#sqlite-addon";
import { openLibc } from "./libc.ts";

let loaded: object | undefined;

/** @throws when the file cannot be opened as a database, or the addon cannot be loaded. */
export function openSqlite(path: string, options: Database.Options = {}): Database.Database {
  if (embeddedAddon === undefined) return new Database(path, options);
  loaded ??= loadAddon(embeddedAddon);
  // The library takes a loaded addon as well as a path; its types only know the path.
  return new Database(path, { ...options, nativeBinding: loaded as unknown as string });
}

function loadAddon(path: string): object {
  const addon = { exports: {} };
  const memory = inMemory(path);
  if (memory === undefined) {
    process.dlopen(addon, path);
    return addon.exports;
  }
  try {
    process.dlopen(addon, `/proc/self/fd/${memory}`);
  } finally {
    closeSync(memory);
  }
  return addon.exports;
}

const MFD_CLOEXEC = 1;

/** A memfd_create(2) descriptor with the file's bytes; undefined where the kernel refuses one. */
function inMemory(path: string): number | undefined {
  const libc = openLibc({
    memfd_create: { args: [FFIType.cstring, FFIType.u32], returns: FFIType.i32 },
  });
  const descriptor = libc.symbols.memfd_create(Buffer.from("better-sqlite3\0"), MFD_CLOEXEC);
  libc.close();
  if (descriptor < 0) return undefined;
  const bytes = readFileSync(path);
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(descriptor, bytes, written);
  }
  return descriptor;
}
