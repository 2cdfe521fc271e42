/**
 * Finds the agent's own accepted peer connections among its file descriptors, reads TCP_INFO and
 * sets SO_MAX_PACING_RATE: TCP then spaces its segments itself, with no qdisc and no privilege.
 */
import type { Clock } from "../../agent/core/clock.ts";
import { type BitsPerSecond, bytes } from "../../agent/core/units.ts";
import type { PeerFlow, PeerReading, PeerSockets } from "../sockets.ts";
import type { Libc } from "./ffi.ts";
import type { TcpInfo } from "./parse-tcp-info.ts";
import { SocketOptions } from "./socket-options.ts";
import { SocketScan } from "./socket-scan.ts";

/**
 * What may wait unsent in a connection, as time at its rate: more would sit in the box's memory, and
 * a slow connection would take no more from its server for so long that it is given up for dead.
 */
const NOT_SENT_S = 0.1;
const NOT_SENT = { least: 8192, most: 2 ** 21 };
/** Idle connections are read this often: a box may hold thousands of them. */
const IDLE_PERIOD_MS = 500;
/** So many are read at each tick, idle or not: a new request then has its rate at once. */
const FEW = 32;

interface Tracked {
  readonly fd: number;
  readonly id: string;
  readonly cookie: number;
  readonly family: 4 | 6;
  info: TcpInfo | undefined;
  readAt: number;
  payloadRate: number;
  notSent: number;
}

export interface LinuxPeerSocketsOptions {
  readonly libc: Libc;
  readonly clock: Clock;
  /** Local ports whose accepted connections are peers. */
  readonly ports: () => readonly number[];
}

export class LinuxPeerSockets implements PeerSockets {
  readonly ability = "paced";
  readonly #options: LinuxPeerSocketsOptions;
  readonly #tracked = new Map<string, Tracked>();
  readonly #listeners = new Map<number, number>();
  readonly #sockets: SocketOptions;
  readonly #scanner: SocketScan;
  readonly #closed = { sent: 0, acknowledged: 0, retransmitted: 0, marked: 0 };
  #newRate = 0;
  /** In every kernel. */
  #congestionControl = "reno";

  constructor(options: LinuxPeerSocketsOptions) {
    this.#options = options;
    this.#sockets = new SocketOptions(options.libc);
    this.#scanner = new SocketScan(this.#sockets);
  }

  async read(): Promise<PeerReading> {
    const at = this.#options.clock.monotonicMs();
    this.#scan(at);
    const idlePeriod = this.#tracked.size <= FEW ? 0 : IDLE_PERIOD_MS;
    const flows: PeerFlow[] = [];
    for (const socket of this.#tracked.values()) {
      if (!isIdle(socket) || at - socket.readAt >= idlePeriod) this.#observe(socket, at);
      const { info } = socket;
      if (!info || !this.#tracked.has(socket.id)) continue;
      flows.push({ id: socket.id, ...info });
    }
    const total = { ...this.#closed };
    for (const flow of flows) addCounts(total, flow);
    return {
      at,
      flows,
      sent: bytes(total.sent),
      acknowledged: bytes(total.acknowledged),
      retransmitted: total.retransmitted,
      marked: total.marked,
    };
  }

  pace(id: string, rate: BitsPerSecond): boolean {
    const socket = this.#tracked.get(id);
    if (!socket?.info) return false;
    const payload = payloadBytesPerSecond(rate, socket.info.segment, socket.family);
    if (payload === socket.payloadRate) return true;
    if (!this.#isStill(socket) || !this.#sockets.setPacing(socket.fd, payload)) {
      this.#forget(socket);
      return false;
    }
    socket.payloadRate = payload;
    this.#limitUnsent(socket, payload);
    return true;
  }

  paceNew(rate: BitsPerSecond): void {
    const payload = payloadBytesPerSecond(rate, 1448, 4);
    if (payload === this.#newRate) return;
    this.#newRate = payload;
    for (const [fd, cookie] of this.#listeners) {
      if (this.#sockets.cookie(fd) === cookie) this.#sockets.setPacing(fd, this.#newRate);
    }
  }

  control(name: string): void {
    if (name === this.#congestionControl) return;
    this.#congestionControl = name;
    for (const [fd, cookie] of this.#listeners) {
      if (this.#sockets.cookie(fd) === cookie)
        this.#sockets.setCongestionControl(fd, this.#congestionControl);
    }
    for (const socket of this.#tracked.values()) {
      if (this.#isStill(socket))
        this.#sockets.setCongestionControl(socket.fd, this.#congestionControl);
    }
  }

  cut(id: string): boolean {
    const socket = this.#tracked.get(id);
    if (!socket || !this.#isStill(socket)) return false;
    return this.#sockets.shutdown(socket.fd);
  }

  #scan(at: number): void {
    for (const { fd, cookie, family, listens } of this.#scanner.look(at, this.#options.ports())) {
      if (listens) this.#adoptListener(fd, cookie);
      else this.#adopt(fd, cookie, family);
    }
  }

  #adoptListener(fd: number, cookie: number): void {
    this.#listeners.set(fd, cookie);
    this.#prepare(fd);
    if (this.#newRate > 0) this.#sockets.setPacing(fd, this.#newRate);
  }

  #adopt(fd: number, cookie: number, family: 4 | 6): void {
    this.#prepare(fd);
    const id = String(cookie);
    this.#tracked.set(id, {
      fd,
      id,
      cookie,
      family,
      info: undefined,
      readAt: 0,
      payloadRate: -1,
      notSent: NOT_SENT.least,
    });
  }

  /** Options that connections inherit from their listener; refusals leave the system's defaults. */
  #prepare(fd: number): void {
    this.#sockets.setUnsent(fd, NOT_SENT.least);
    this.#sockets.setCongestionControl(fd, this.#congestionControl);
  }

  /** In powers of two, so that small changes of the rate cost no call. */
  #limitUnsent(socket: Tracked, payloadRate: number): void {
    const wanted = 2 ** Math.ceil(Math.log2(payloadRate * NOT_SENT_S));
    const notSent = Math.min(NOT_SENT.most, Math.max(NOT_SENT.least, wanted));
    if (notSent === socket.notSent) return;
    socket.notSent = notSent;
    this.#sockets.setUnsent(socket.fd, notSent);
  }

  #observe(socket: Tracked, at: number): void {
    const { fd, family } = socket;
    const info = this.#isStill(socket) ? this.#sockets.tcpInfo(fd, family) : undefined;
    if (!info) {
      this.#forget(socket);
      return;
    }
    socket.info = info;
    socket.readAt = at;
  }

  /** Descriptors are used again for other sockets. */
  #isStill({ fd, cookie }: Tracked): boolean {
    return this.#sockets.cookie(fd) === cookie;
  }

  #forget(socket: Tracked): void {
    this.#tracked.delete(socket.id);
    this.#scanner.forget(socket.fd);
    if (socket.info) addCounts(this.#closed, socket.info);
  }
}

interface Counts {
  sent: number;
  acknowledged: number;
  retransmitted: number;
  marked: number;
}

function addCounts(sum: Counts, flow: TcpInfo): void {
  sum.sent += flow.sent;
  sum.acknowledged += flow.acknowledged;
  sum.retransmitted += flow.retransmitted;
  sum.marked += flow.marked;
}

const isIdle = ({ info }: Tracked) =>
  info !== undefined && info.notSent === 0 && info.inFlight === 0;

/** What a connection is paced at at least: below, a pair of segments takes more than six seconds. */
const LEAST_PAYLOAD = 500;

/** TCP paces payload; the wire also carries headers. */
function payloadBytesPerSecond(rate: BitsPerSecond, segment: number, family: 4 | 6): number {
  const size = segment > 0 ? segment : 1448;
  const header = family === 6 ? 72 : 52;
  return Math.max(LEAST_PAYLOAD, Math.floor(((rate / 8) * size) / (size + header)));
}
