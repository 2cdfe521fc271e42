/** The first routers of a path by IP_RECVERR, which gives ICMP errors to the socket that caused them (ip(7)). */
import { ptr } from "bun:ffi";
import type { Clock } from "../../agent/core/clock.ts";
import { milliseconds } from "../../agent/core/units.ts";
import type { LinePath } from "../line-path.ts";
import { AF_INET, type Libc, MSG_DONTWAIT, SOCK_DGRAM_NONBLOCK_CLOEXEC } from "./ffi.ts";
import { formatSocketAddress, parseSocketAddress } from "./socket-address.ts";

/** The home's router, another behind it, and the provider's first ones. */
const HOPS = 5;
/** traceroute's first port: nobody listens there. */
const FIRST_PORT = 33_434;
const WAIT = milliseconds(1000);

const IPPROTO_IP = 0;
const IP_TTL = 2;
const IP_RECVERR = 11;
const MSG_ERRQUEUE = 0x2000;
const CONTROL_LENGTH = 256;
/** struct cmsghdr of a 64-bit Linux, then struct sock_extended_err, then the router's address. */
const CMSG_HEADER = 16;
const EXTENDED_ERROR = 16;
const SO_EE_ORIGIN_ICMP = 2;
const ICMP_TIME_EXCEEDED = 11;

export function createLinuxLinePath({ libc, clock }: { libc: Libc; clock: Clock }): LinePath {
  return {
    async hops(towards) {
      const sockets = Array.from({ length: HOPS }, (_, hop) => send(libc, towards, hop + 1));
      await clock.sleep(WAIT);
      const found = sockets.map((fd) => (fd === undefined ? undefined : forwarder(libc, fd)));
      for (const fd of sockets) if (fd !== undefined) libc.close(fd);
      return found.every((address) => address === undefined) ? [] : found;
    },
  };
}

/** A socket whose one packet may be forwarded `ttl` − 1 times; undefined when it cannot be sent. */
function send(libc: Libc, towards: string, ttl: number): number | undefined {
  const target = formatSocketAddress(towards, FIRST_PORT + ttl);
  if (target === undefined || towards.includes(":")) return undefined;
  const fd = libc.socket(AF_INET, SOCK_DGRAM_NONBLOCK_CLOEXEC, 0);
  if (fd < 0) return undefined;
  const set = (option: number, value: number) =>
    libc.setsockopt(fd, IPPROTO_IP, option, new Int32Array([value]), 4) === 0;
  const ready = set(IP_RECVERR, 1) && set(IP_TTL, ttl);
  const packet = new Uint8Array(16);
  if (ready && libc.sendto(fd, packet, packet.length, MSG_DONTWAIT, target, target.length) > 0) {
    return fd;
  }
  libc.close(fd);
  return undefined;
}

/** Who said that the packet's time was exceeded; undefined for nobody, and for any other error. */
function forwarder(libc: Libc, fd: number): string | undefined {
  // The kernel is given their addresses: ArrayBuffers of our own do not move.
  const control = new Uint8Array(new ArrayBuffer(CONTROL_LENGTH));
  const data = new Uint8Array(new ArrayBuffer(64));
  const vector = new BigUint64Array(new ArrayBuffer(16));
  vector[0] = BigInt(ptr(data));
  vector[1] = BigInt(data.length);
  const header = new Uint8Array(new ArrayBuffer(56));
  const message = new DataView(header.buffer);
  [0, 0, ptr(vector), 1, ptr(control), CONTROL_LENGTH].forEach((value, i) => {
    message.setBigUint64(8 * i, BigInt(value), true);
  });
  if (libc.recvmsg(fd, header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return undefined;
  return parseForwarder(control.subarray(0, Number(message.getBigUint64(40, true))));
}

/** The control part of a message of the error queue → the router's address. */
export function parseForwarder(control: Uint8Array): string | undefined {
  const view = new DataView(control.buffer, control.byteOffset, control.byteLength);
  for (let at = 0; at + CMSG_HEADER <= control.length; ) {
    const length = Number(view.getBigUint64(at, true));
    if (length < CMSG_HEADER || at + length > control.length) return undefined;
    const error = at + CMSG_HEADER;
    const offender = error + EXTENDED_ERROR;
    const isError =
      view.getInt32(at + 8, true) === IPPROTO_IP &&
      view.getInt32(at + 12, true) === IP_RECVERR &&
      length >= CMSG_HEADER + EXTENDED_ERROR + 16;
    if (isError) {
      const [origin, type] = [control[error + 4], control[error + 5]];
      if (origin !== SO_EE_ORIGIN_ICMP || type !== ICMP_TIME_EXCEEDED) return undefined;
      return parseSocketAddress(control.subarray(offender, offender + 16))?.address;
    }
    at += Math.ceil(length / 8) * 8;
  }
  return undefined;
}
