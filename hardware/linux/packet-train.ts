/** One train of probes on its way: collects arrivals until it is complete or too old. Pure state. */
import { milliseconds } from "../../agent/core/units.ts";
import type { TrainReply } from "../probe.ts";
import { TRAIN_LENGTH } from "../probe-message.ts";

const COMPLETE_AFTER_MS = 250;
/** Part of its spread at the reflector that sending may take. */
const AT_ONCE = 0.5;
/** A gap that long, and so much longer than any other, is none of the line's. */
const LONG_MS = 2;
const ALONE = 3;
const FEW_GAPS = 5;
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
    const gaps = gapsOf(this.#arrivals);
    const spread = gaps.reduce((sum, gap) => sum + gap, 0);
    return {
      sentAt: milliseconds(this.#sentAt),
      packets,
      bits: gaps.length * (TRAIN_LENGTH + HEADERS) * 8,
      // Pulled apart before it left, by a slow processor or one that did something else, it tells nothing of the line.
      spread: milliseconds(this.#took > AT_ONCE * spread ? 0 : spread),
    };
  }
}

/**
 * Milliseconds between one arrival and the next, shortest first. A line spaces all packets alike, and what carries
 * packets in bunches makes several gaps: a single long one is a processor that stood still on the way.
 */
function gapsOf(arrivals: readonly number[]): readonly number[] {
  const inTurn = arrivals.toSorted((a, b) => a - b);
  const gaps = inTurn.slice(1).map((at, i) => at - (inTurn[i] ?? at));
  gaps.sort((a, b) => a - b);
  const [second = 0, longest = 0] = gaps.slice(-2);
  const stoodStill = gaps.length >= FEW_GAPS && longest > LONG_MS && longest > ALONE * second;
  return stoodStill ? gaps.slice(0, -1) : gaps;
}
