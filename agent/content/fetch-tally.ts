import type { AvoidReason } from "../accounting/messages.ts";
import type { PublicKey } from "../core/encoding.ts";
import type { Milliseconds } from "../core/units.ts";

/** Over about so long the rate that is shown is averaged. */
const AVERAGED_MS = 2_000;

/** What one box gave in a session. */
export class BoxTally {
  readonly box: PublicKey;
  readonly origin: boolean;
  /** Bytes of chunks whose hashes fit. */
  bytes = 0;
  /** Of these, bytes that another box had brought first. */
  copies = 0;
  badChunks = 0;
  /** Bytes per second lately. */
  rate = 0;
  state: "in-use" | "ended" | AvoidReason = "in-use";
  #at: number | undefined;

  constructor(box: PublicKey, origin: boolean) {
    this.box = box;
    this.origin = origin;
  }

  /** A chunk came whose hash fits. */
  add(amount: number, now: Milliseconds): void {
    const faded = Math.exp(-(now - (this.#at ?? now)) / AVERAGED_MS);
    this.rate = this.rate * faded + (amount * 1000) / AVERAGED_MS;
    this.#at = now;
    this.bytes += amount;
  }
}

/** Bytes and faults by box, over all tickets of a session. */
export class FetchTally {
  readonly #boxes = new Map<PublicKey, BoxTally>();

  of(box: PublicKey, origin: boolean): BoxTally {
    const known = this.#boxes.get(box);
    if (known) return known;
    const tally = new BoxTally(box, origin);
    this.#boxes.set(box, tally);
    return tally;
  }

  get boxes(): readonly Readonly<BoxTally>[] {
    return [...this.#boxes.values()];
  }

  get bytes(): number {
    return this.boxes.reduce((sum, box) => sum + box.bytes - box.copies, 0);
  }
}
