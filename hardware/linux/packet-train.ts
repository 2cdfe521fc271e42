/** One train of probes on its way: collects arrivals until it is complete or too old. Pure state. */
import { milliseconds } from "../../agent/core/units.ts";
import type { TrainReply } from "../probe.ts";
import { TRAIN_LENGTH } from "../probe-message.ts";

const COMPLETE_AFTER_MS = 250;
/** Part of its spread at the reflector that sending may take. */
const AT_ONCE = 0.5;
/** IPv4 and UDP; the longer IPv6 header makes the rate 1.6 % too low, on the safe side. */
const HEADERS = 28;

export class PacketTrain {
  readonly #sentAt: number;
  readonly #first: number;
  readonly #count: number;
  readonly #arrivals: number[] = [];
  /** Milliseconds from the first send to the last. */
  #took = 0;

  /** @param first sequence number of its first packet; the others follow. */
  constructor(sentAt: number, first: number, count: number) {
    this.#sentAt = sentAt;
    this.#first = first;
    this.#count = count;
  }

  /** That all of it has left, at this time. */
  left(at: number): void {
    this.#took = at - this.#sentAt;
  }

  /** False when the answer is not of this train. */
  take(sequence: number, arrivedAt: number): boolean {
    const index = (sequence - this.#first) >>> 0;
    if (index >= this.#count) return false;
    this.#arrivals.push(arrivedAt);
    return true;
  }

  /** undefined while more may come. */
  result(now: number): TrainReply | undefined {
    const packets = this.#arrivals.length;
    if (packets < this.#count && now - this.#sentAt < COMPLETE_AFTER_MS) return undefined;
    const spread = packets > 0 ? Math.max(...this.#arrivals) - Math.min(...this.#arrivals) : 0;
    return {
      sentAt: milliseconds(this.#sentAt),
      packets,
      bits: Math.max(0, packets - 1) * (TRAIN_LENGTH + HEADERS) * 8,
      // Pulled apart before it left, by a slow processor or one that did something else, it tells nothing of the line.
      spread: milliseconds(this.#took > AT_ONCE * spread ? 0 : spread),
    };
  }
}
