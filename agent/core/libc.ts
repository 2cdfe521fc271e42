import { dlopen, type FFIFunction } from "bun:ffi";

/** The C library's names: glibc, then musl as Alpine and as Debian call it. */
function libraryNames(): string[] {
  const arch = process.arch === "arm64" ? "aarch64" : "x86_64";
  return ["libc.so.6", `libc.musl-${arch}.so.1`, `/lib/ld-musl-${arch}.so.1`];
}

/** Functions of the C library that Bun and Node have no call for. Throws where there is no such library. */
export function openLibc<Functions extends Record<string, FFIFunction>>(functions: Functions) {
  const faults: unknown[] = [];
  for (const name of libraryNames()) {
    try {
      return dlopen(name, functions);
    } catch (fault) {
      faults.push(fault);
    }
  }
  throw new AggregateError(faults, `none of ${libraryNames().join(", ")} can be loaded`);
}
