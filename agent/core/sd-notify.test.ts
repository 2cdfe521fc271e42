import { FFIType } from "bun:ffi";
import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLibc } from "./libc.ts";
import { createServiceNotify } from "./sd-notify.ts";

/** The service manager's end: a bound AF_UNIX datagram socket, which only the C library can make. */
const libc = openLibc({
  socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  bind: { args: [FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
  recv: { args: [FFIType.i32, FFIType.ptr, FFIType.u64, FFIType.i32], returns: FFIType.i64 },
  close: { args: [FFIType.i32], returns: FFIType.i32 },
}).symbols;

const directory = mkdtempSync(join(tmpdir(), "notify-"));
const opened: number[] = [];
afterEach(() => {
  for (const descriptor of opened.splice(0)) libc.close(descriptor);
  rmSync(directory, { recursive: true, force: true });
});

const MSG_DONTWAIT = 0x40;

function manager(name: string) {
  const descriptor = libc.socket(1, 2, 0);
  opened.push(descriptor);
  const address = Buffer.concat([Uint8Array.of(1, 0), Buffer.from(name)]);
  if (name.startsWith("@")) address[2] = 0;
  expect(libc.bind(descriptor, address, address.length)).toBe(0);
  return () => {
    const buffer = Buffer.alloc(4096);
    const length = Number(libc.recv(descriptor, buffer, buffer.length, MSG_DONTWAIT));
    return length < 0 ? undefined : buffer.subarray(0, length).toString();
  };
}

test.each([
  ["a path", join(directory, "notify.sock")],
  ["an abstract name", `@spareband-notify-${process.pid}`],
])("messages reach a service manager that listens at %s", (_, name) => {
  const receive = manager(name);
  const notify = createServiceNotify(name);
  notify.ready("sharing nothing\nyet");
  notify.watchdog();
  notify.status("sharing 3 Mbit/s");
  notify.stopping("asked to stop");
  expect([receive(), receive(), receive(), receive(), receive()]).toEqual([
    "READY=1\nSTATUS=sharing nothing yet",
    "WATCHDOG=1",
    "STATUS=sharing 3 Mbit/s",
    "STOPPING=1\nSTATUS=asked to stop",
    undefined,
  ]);
});

test("without NOTIFY_SOCKET nothing happens", () => {
  expect(() => createServiceNotify(undefined).ready("ready")).not.toThrow();
});

test("a socket that nobody listens at is named", () => {
  expect(() => createServiceNotify("/nonexistent/notify")).toThrow("/nonexistent/notify");
});

test.each(["", "relative", `/${"x".repeat(120)}`])("the address %p is refused", (address) => {
  expect(() => createServiceNotify(address)).toThrow("NOTIFY_SOCKET");
});

test("a service manager that does not read never blocks the daemon", () => {
  const name = `@spareband-full-${process.pid}`;
  manager(name);
  const notify = createServiceNotify(name);
  for (let sent = 0; sent < 10_000; sent++) notify.watchdog();
});
