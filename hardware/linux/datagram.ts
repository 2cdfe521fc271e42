/** A datagram socket that is polled, with the kernel's receive time: a busy event loop adds no delay. */
import { ptr } from "bun:ffi";
import {
  AF_INET,
  AF_INET6,
  type Libc,
  MSG_DONTWAIT,
  SOCK_DGRAM_NONBLOCK_CLOEXEC,
  SOL_SOCKET,
} from "./ffi.ts";
import { addressBytes, formatSocketAddress, SOCKADDR_LENGTH } from "./socket-address.ts";

const SO_REUSEADDR = 2;
const SO_TIMESTAMPNS = 35;
const IPPROTO_IP = 0;
const IP_MULTICAST_TTL = 33;
const IP_MULTICAST_LOOP = 34;
const IP_ADD_MEMBERSHIP = 35;
const CLOCK_REALTIME = 0;
const BUFFER = 2048;
const CONTROL = 64;

export interface Datagram {
  readonly data: Uint8Array;
  /** Milliseconds that it waited in the socket before this call. */
  readonly waited: number;
}

export class DatagramSocket {
  readonly #libc: Libc;
  readonly #fd: number;
  // The kernel is given these addresses once, so they must never move. The engine moves the bytes of
  // a small typed array when its `buffer` is first asked for, but never those of an ArrayBuffer.
  readonly #data = new Uint8Array(new ArrayBuffer(BUFFER));
  readonly #name = new Uint8Array(new ArrayBuffer(SOCKADDR_LENGTH));
  readonly #control = new DataView(new ArrayBuffer(CONTROL));
  readonly #vector = new BigUint64Array(new ArrayBuffer(16));
  readonly #header = new Uint8Array(new ArrayBuffer(56));
  readonly #message = new DataView(this.#header.buffer);
  /** Seconds and nanoseconds of 64 bits each: of big integers each reading would make objects. */
  readonly #time = new Int32Array(4);
  readonly #names = new Map<string, Uint8Array>();

  /** undefined when the kernel refuses such a socket (protocol 0 is UDP). */
  static open(libc: Libc, family: 4 | 6, protocol: number): DatagramSocket | undefined {
    const domain = family === 4 ? AF_INET : AF_INET6;
    const fd = libc.socket(domain, SOCK_DGRAM_NONBLOCK_CLOEXEC, protocol);
    if (fd < 0) return undefined;
    libc.setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, new Int32Array([1]), 4);
    return new DatagramSocket(libc, fd);
  }

  /**
   * One that hears only what is sent to an IPv4 group, on the interface of the route there, and whose own
   * messages go no further than the first router and not to this machine; undefined without a route.
   */
  static openGroup(libc: Libc, group: string, port: number): DatagramSocket | undefined {
    const name = formatSocketAddress(group, port);
    const socket = name && DatagramSocket.open(libc, 4, 0);
    if (!socket) return undefined;
    const set = (level: number, option: number, value: Uint8Array | Int32Array) =>
      libc.setsockopt(socket.#fd, level, option, value, value.byteLength) === 0;
    // struct ip_mreqn: group, any address, any interface.
    const membership = new Uint8Array(12);
    membership.set(name.subarray(4, 8));
    const joined =
      set(SOL_SOCKET, SO_REUSEADDR, new Int32Array([1])) &&
      libc.bind(socket.#fd, name, name.length) === 0 &&
      set(IPPROTO_IP, IP_MULTICAST_TTL, new Int32Array([1])) &&
      set(IPPROTO_IP, IP_MULTICAST_LOOP, new Int32Array([0])) &&
      set(IPPROTO_IP, IP_ADD_MEMBERSHIP, membership);
    if (joined) return socket;
    socket.close();
    return undefined;
  }

  private constructor(libc: Libc, fd: number) {
    this.#libc = libc;
    this.#fd = fd;
    this.#vector[0] = BigInt(ptr(this.#data));
    this.#vector[1] = BigInt(BUFFER);
    // struct msghdr of a 64-bit Linux: name, its length, vector, its count, control, its length, flags.
    const pointers = [ptr(this.#name), 0, ptr(this.#vector), 1, ptr(this.#control)];
    pointers.forEach((value, i) => {
      this.#message.setBigUint64(8 * i, BigInt(value), true);
    });
  }

  /** False when the kernel refused it; a full buffer or no route are like a lost packet. */
  send(data: Uint8Array, address: string, port: number): boolean {
    const target = this.#nameOf(address, port);
    if (!target) return false;
    return this.#libc.sendto(this.#fd, data, data.length, MSG_DONTWAIT, target, target.length) >= 0;
  }

  /** The next datagram, whose data is valid until the next call; undefined when there is none. */
  receive(): Datagram | undefined {
    this.#message.setUint32(8, SOCKADDR_LENGTH, true);
    this.#message.setUint32(40, CONTROL, true);
    const length = Number(this.#libc.recvmsg(this.#fd, this.#header, MSG_DONTWAIT));
    if (length < 0) return undefined;
    return { data: this.#data.subarray(0, length), waited: this.#waited() };
  }

  /** Whether the datagram that was received last came from there; its port may be another. */
  cameFrom(address: string, port: number): boolean {
    const wanted = this.#nameOf(address, port);
    if (!wanted || wanted[0] !== this.#name[0] || wanted[1] !== this.#name[1]) return false;
    const { from, to } = addressBytes(wanted);
    for (let i = from; i < to; i++) if (wanted[i] !== this.#name[i]) return false;
    return true;
  }

  close(): void {
    this.#libc.close(this.#fd);
  }

  #nameOf(address: string, port: number): Uint8Array | undefined {
    const key = `${address} ${port}`;
    const known = this.#names.get(key);
    if (known) return known;
    const name = formatSocketAddress(address, port);
    if (name) this.#names.set(key, name);
    return name;
  }

  /** Wall time now minus the kernel's stamp; a clock that is set in between is not believed. */
  #waited(): number {
    const controlLength = this.#message.getUint32(40, true);
    if (controlLength < 32 || this.#control.getInt32(12, true) !== SO_TIMESTAMPNS) return 0;
    this.#libc.clock_gettime(CLOCK_REALTIME, this.#time);
    const seconds = ((this.#time[0] ?? 0) - this.#control.getInt32(16, true)) | 0;
    const nanoseconds = (this.#time[2] ?? 0) - this.#control.getInt32(24, true);
    const waited = seconds * 1e3 + nanoseconds / 1e6;
    return waited >= 0 && waited < 10_000 ? waited : 0;
  }
}
