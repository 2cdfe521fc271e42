/** The socket options that the governor reads and sets, by file descriptor. */
import { type Libc, SOL_SOCKET } from "./ffi.ts";
import { parseTcpInfo, TCP_INFO_LENGTH, type TcpInfo } from "./parse-tcp-info.ts";
import { parseSocketAddress, SOCKADDR_LENGTH, type SocketAddress } from "./socket-address.ts";

const IPPROTO_TCP = 6;
const TCP_INFO = 11;
const TCP_CONGESTION = 13;
const TCP_NOTSENT_LOWAT = 25;
const SO_ACCEPTCONN = 30;
const SO_MAX_PACING_RATE = 47;
const SO_COOKIE = 57;
const SHUT_RDWR = 2;

/** Every call may fail, for the descriptor may be closed or another's by now: check the cookie first. */
export class SocketOptions {
  readonly #libc: Libc;
  readonly #info = new Uint8Array(new ArrayBuffer(TCP_INFO_LENGTH));
  readonly #infoView = new DataView(this.#info.buffer);
  readonly #length = new Uint32Array(1);
  readonly #address = new Uint8Array(SOCKADDR_LENGTH);
  /** Of a BigUint64Array each reading would make an object. */
  readonly #word = new Uint32Array(2);
  readonly #int = new Int32Array(1);

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** The kernel's number of a socket, counted up since boot; undefined for what is not a socket. */
  cookie(fd: number): number | undefined {
    this.#length[0] = 8;
    const status = this.#libc.getsockopt(fd, SOL_SOCKET, SO_COOKIE, this.#word, this.#length);
    return status === 0 ? (this.#word[1] ?? 0) * 2 ** 32 + (this.#word[0] ?? 0) : undefined;
  }

  localAddress(fd: number): SocketAddress | undefined {
    this.#length[0] = SOCKADDR_LENGTH;
    const status = this.#libc.getsockname(fd, this.#address, this.#length);
    return status === 0 ? parseSocketAddress(this.#address) : undefined;
  }

  isListening(fd: number): boolean {
    this.#length[0] = 4;
    const status = this.#libc.getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, this.#int, this.#length);
    return status === 0 && this.#int[0] !== 0;
  }

  /** undefined when the kernel does not tell, or tells too little. */
  tcpInfo(fd: number, family: 4 | 6): TcpInfo | undefined {
    this.#length[0] = TCP_INFO_LENGTH;
    const status = this.#libc.getsockopt(fd, IPPROTO_TCP, TCP_INFO, this.#info, this.#length);
    return status === 0 ? parseTcpInfo(this.#infoView, this.#length[0] ?? 0, family) : undefined;
  }

  /** Payload bytes per second; what is lower than before holds at once, what is higher from the next answer on. */
  setPacing(fd: number, bytesPerSecond: number): boolean {
    this.#word[0] = bytesPerSecond % 2 ** 32;
    this.#word[1] = Math.floor(bytesPerSecond / 2 ** 32);
    return this.#libc.setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, this.#word, 8) === 0;
  }

  /** How much the application may hand over ahead of what is sent. */
  setUnsent(fd: number, amount: number): void {
    this.#int[0] = amount;
    this.#libc.setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, this.#int, 4);
  }

  /** One that the kernel lacks or does not allow changes nothing. */
  setCongestionControl(fd: number, name: string): void {
    const text = Buffer.from(`${name}\0`);
    this.#libc.setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, text, text.length);
  }

  shutdown(fd: number): boolean {
    return this.#libc.shutdown(fd, SHUT_RDWR) === 0;
  }
}
