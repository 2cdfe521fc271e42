/** Finds this process's own sockets of some local ports among its descriptors, each once. */
import { readdirSync } from "node:fs";
import type { SocketOptions } from "./socket-options.ts";

/** New connections are looked for this often; until then they keep the listener's rate. */
const LOOK_PERIOD_MS = 200;
/**
 * The kernel gives a new descriptor the lowest free number, so a look at the first that were free
 * finds nearly all; the list of all costs more, and is read when there is one and now and then.
 */
const LIST_PERIOD_MS = 1000;
const FREE_NUMBERS = 16;

export interface FoundSocket {
  readonly fd: number;
  readonly cookie: number;
  readonly family: 4 | 6;
  readonly listens: boolean;
}

export class SocketScan {
  readonly #sockets: SocketOptions;
  /** Connections that were told of and not forgotten: their owner sees for himself that they are gone. */
  readonly #held = new Set<number>();
  /** Cookies of what else is open, by descriptor. */
  readonly #others = new Map<number, number>();
  /** Numbers that were free when all were listed, or became so. */
  #free: number[] = [];
  #ports = "";
  #lookedAt = Number.NEGATIVE_INFINITY;
  #listedAt = Number.NEGATIVE_INFINITY;

  constructor(sockets: SocketOptions) {
    this.#sockets = sockets;
  }

  /** What is new since the last look; usually nothing, at little cost. */
  look(at: number, ports: readonly number[]): readonly FoundSocket[] {
    if (at - this.#lookedAt < LOOK_PERIOD_MS) return [];
    this.#lookedAt = at;
    if (ports.join() !== this.#ports) {
      this.#ports = ports.join();
      this.#others.clear();
      this.#listedAt = Number.NEGATIVE_INFINITY;
    }
    const isNew = this.#free.some((fd) => this.#sockets.cookie(fd) !== undefined);
    if (!isNew && at - this.#listedAt < LIST_PERIOD_MS) return [];
    this.#listedAt = at;
    const open = new Set(readdirSync("/proc/self/fd").map(Number));
    this.#free = freeNumbers(open);
    return [...open].flatMap((fd) => this.#examine(fd, ports) ?? []);
  }

  /** A connection is gone, and its number free for another. */
  forget(fd: number): void {
    this.#held.delete(fd);
    this.#free.push(fd);
  }

  #examine(fd: number, ports: readonly number[]): FoundSocket | undefined {
    if (this.#held.has(fd)) return undefined;
    const cookie = this.#sockets.cookie(fd);
    if (cookie === undefined || this.#others.get(fd) === cookie) return undefined;
    const local = this.#sockets.localAddress(fd);
    const listens = this.#sockets.isListening(fd);
    const wanted = local !== undefined && ports.includes(local.port);
    if (wanted && !listens) this.#held.add(fd);
    else this.#others.set(fd, cookie);
    return wanted ? { fd, cookie, family: local.family, listens } : undefined;
  }
}

function freeNumbers(open: ReadonlySet<number>): number[] {
  const free: number[] = [];
  for (let fd = 0; free.length < FREE_NUMBERS; fd++) if (!open.has(fd)) free.push(fd);
  return free;
}
