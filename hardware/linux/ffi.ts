/**
 * The few libc calls the agent needs and Bun does not offer. Constants are those of the generic
 * Linux ABI, which x86-64 and arm64 share, with glibc as with musl.
 */
import { FFIType, type Pointer, read } from "bun:ffi";
import { openLibc } from "../../agent/core/libc.ts";

const signatures = {
  __errno_location: { args: [], returns: "ptr" },
  bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
  clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
  getpeername: { args: ["i32", "ptr", "ptr"], returns: "i32" },
  getsockname: { args: ["i32", "ptr", "ptr"], returns: "i32" },
  getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
  recvmsg: { args: ["i32", "ptr", "i32"], returns: FFIType.i64_fast },
  sendto: { args: ["i32", "ptr", "usize", "i32", "ptr", "u32"], returns: FFIType.i64_fast },
  setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
  shutdown: { args: ["i32", "i32"], returns: "i32" },
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
} as const;

const open = () => openLibc(signatures).symbols;

export type Libc = ReturnType<typeof open>;

let loaded: Libc | undefined;
let tried = false;

/** undefined where foreign calls do not work, as under MemoryDenyWriteExecute. */
export function libc(): Libc | undefined {
  if (tried) return loaded;
  tried = true;
  try {
    loaded = open();
  } catch {
    // The callers have other means, and say which are missing.
    return undefined;
  }
  return loaded;
}

/** errno of the call just made; only meaningful straight after a call that failed. */
export const errno = (c: Libc) => read.i32(c.__errno_location() as Pointer, 0);

export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOL_SOCKET = 1;
export const SOCK_DGRAM_NONBLOCK_CLOEXEC = 2 | 0o4000 | 0o2000000;
export const MSG_DONTWAIT = 0x40;
