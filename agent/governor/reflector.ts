/**
 * The coordinator's reflector: answers delay probes with the time they came and left, so that a box
 * can tell its own uplink's queue from any other. It keeps nothing and never sends more than it got.
 */
import type { udp } from "bun";
import { answerProbe } from "../../hardware/probe-message.ts";
import type { Clock } from "../core/clock.ts";
import { exitCode, OperatorError, reasonOf } from "../core/errors.ts";
import type { Part } from "../core/part.ts";

/** A box sends at most 80 a second to one place; homes behind one address share this. */
const PER_SOURCE_PER_SECOND = 1000;
const MOST_SOURCES = 65_536;

export interface ReflectorOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly clock: Clock;
}

export interface Reflector extends Part {
  /** Where it listens, once `listen` is done. */
  readonly port: number;
  /** Replies that the network did not take: to the box a lost packet, here nothing to act on. */
  readonly unanswered: number;
  /** Binds the port; `run` does it when nobody did. Throws an OperatorError when it is taken. */
  listen(): Promise<void>;
}

export function createReflector({ host, port, clock }: ReflectorOptions): Reflector {
  const budget = new SourceBudget();
  let socket: udp.Socket<"buffer"> | undefined;
  let unanswered = 0;
  const listen = async () => {
    if (socket) return;
    try {
      socket = await Bun.udpSocket({
        hostname: host,
        port,
        socket: {
          data(from, data, remotePort, address) {
            const at = clock.monotonicMs();
            if (!budget.spend(address, at)) return;
            const reply = answerProbe(data, at, clock.monotonicMs());
            if (!reply) return;
            try {
              from.send(reply, remotePort, address);
            } catch {
              unanswered += 1;
            }
          },
          // What the network says of an earlier reply, as "port unreachable" of a box that went away.
          error() {
            unanswered += 1;
          },
        },
      });
    } catch (fault) {
      throw new OperatorError(
        exitCode.unavailable,
        `The reflector cannot listen on ${host} port ${port} (${reasonOf(fault)}); choose another address or port.`,
        { cause: fault },
      );
    }
  };
  return {
    name: "reflector",
    get port() {
      return socket?.port ?? port;
    },
    get unanswered() {
      return unanswered;
    },
    listen,
    async run(signal) {
      await listen();
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      socket?.close();
      socket = undefined;
    },
  };
}

/** How many answers each source address still gets this second; bounded in memory. */
export class SourceBudget {
  #second = -1;
  readonly #spent = new Map<string, number>();

  spend(source: string, at: number): boolean {
    const second = Math.floor(at / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#spent.clear();
    }
    const spent = this.#spent.get(source) ?? 0;
    if (spent >= PER_SOURCE_PER_SECOND) return false;
    if (spent === 0 && this.#spent.size >= MOST_SOURCES) return false;
    this.#spent.set(source, spent + 1);
    return true;
  }
}
