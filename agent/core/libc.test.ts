import { FFIType } from "bun:ffi";
import { expect, test } from "bun:test";
import { openLibc } from "./libc.ts";

test("a function of the C library can be called", () => {
  const libc = openLibc({ getpid: { args: [], returns: FFIType.i32 } });
  expect(libc.symbols.getpid()).toBe(process.pid);
  libc.close();
});

test("a function that no C library has is refused with the names that were tried", () => {
  expect(() => openLibc({ no_such_function: { args: [], returns: FFIType.i32 } })).toThrow(
    "libc.so.6",
  );
});
