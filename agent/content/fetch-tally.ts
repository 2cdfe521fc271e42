import type { AvoidReason } from "../accounting/messages.ts";
import type { PublicKey } from "../core/encoding.ts";

/** What one box gave in a session. */
export interface BoxTally {
  readonly box: PublicKey;
  readonly origin: boolean;
  /** Bytes of chunks whose hashes fit. */
  bytes: number;
  /** Of these, bytes that another box had brought first. */
  copies: number;
  badChunks: number;
  /** Bytes per second lately. */
  rate: number;
  state: "in-use" | "ended" | AvoidReason;
}

/** Bytes and faults by box, over all tickets of a session. */
export class FetchTally {
  readonly #boxes = new Map<PublicKey, BoxTally>();

  of(box: PublicKey, origin: boolean): BoxTally {
    const known = this.#boxes.get(box);
    if (known) return known;
    const tally: BoxTally = {
      box,
      origin,
      bytes: 0,
      copies: 0,
      badChunks: 0,
      rate: 0,
      state: "in-use",
    };
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
