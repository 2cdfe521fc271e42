/** Tells systemd how the daemon is: sd_notify(3) over an AF_UNIX datagram, which Bun has no call for. */
import { FFIType } from "bun:ffi";
import { openLibc } from "./libc.ts";

export interface ServiceNotify {
  /** The daemon serves; `Type=notify` units count as started from here. */
  ready(status: string): void;
  /** One line for `systemctl status`. */
  status(text: string): void;
  /** Feeds the watchdog. */
  watchdog(): void;
  stopping(status: string): void;
}

/**
 * @param socket the value of NOTIFY_SOCKET: a path, or `@name` for an abstract socket; undefined when
 * no service manager asked to be told, and then nothing happens.
 * @throws when the socket was given but cannot be used: systemd would kill the daemon later, without
 * a reason in sight.
 */
export function createServiceNotify(socket: string | undefined): ServiceNotify {
  const send = socket === undefined ? () => {} : datagramSender(socket);
  return {
    ready: (status) => send(`READY=1\nSTATUS=${oneLine(status)}`),
    status: (text) => send(`STATUS=${oneLine(text)}`),
    watchdog: () => send("WATCHDOG=1"),
    stopping: (status) => send(`STOPPING=1\nSTATUS=${oneLine(status)}`),
  };
}

const oneLine = (text: string) => text.replace(/\s+/g, " ");

// <sys/socket.h>; the same on x86-64 and arm64.
const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 0o2000002;
const MSG_DONTWAIT_NOSIGNAL = 0x4040;
/** Bytes of sun_path (unix(7)). */
const LONGEST_PATH = 108;

function datagramSender(socket: string): (message: string) => void {
  const address = socketAddress(socket);
  const libc = openLibc({
    socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    connect: { args: [FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
    send: {
      args: [FFIType.i32, FFIType.ptr, FFIType.u64, FFIType.i32],
      returns: FFIType.i64,
    },
  });
  const descriptor = libc.symbols.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (descriptor < 0 || libc.symbols.connect(descriptor, address, address.length) !== 0) {
    throw new Error(`cannot reach the service manager at ${socket} (NOTIFY_SOCKET)`);
  }
  return (message) => {
    const bytes = Buffer.from(message);
    // A full queue loses this message; the watchdog's next one comes soon, and blocking would be worse.
    libc.symbols.send(descriptor, bytes, bytes.length, MSG_DONTWAIT_NOSIGNAL);
  };
}

/** A `sockaddr_un`; an abstract name starts with a zero byte and has none at its end. */
function socketAddress(socket: string): Uint8Array {
  if (!/^[/@]/.test(socket) || Buffer.byteLength(socket) >= LONGEST_PATH) {
    throw new Error(`NOTIFY_SOCKET=${socket} is neither a path nor @name of fewer than 108 bytes`);
  }
  const address = Buffer.concat([Uint8Array.of(AF_UNIX, 0), Buffer.from(socket)]);
  if (socket.startsWith("@")) address[2] = 0;
  return address;
}
