/** What a viewer signs for one ticket: cumulative receipts over chunks whose hashes it has checked. */
import { seal } from "../accounting/envelope.ts";
import type { Environment, Sealed } from "../accounting/messages.ts";
import type { Clock } from "../core/clock.ts";
import { type Bytes, bytes, type Milliseconds, milliseconds, seconds } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";

/** A receipt is due when this long has passed with checked bytes unsigned … */
const SIGN_AFTER = seconds(2);
/** … or this much has been checked. */
const SIGN_AFTER_BYTES = 1024 * 1024;

export class ReceiptBook {
  readonly #ticket: Sealed<"ticket">;
  readonly #signer: Signer;
  readonly #environment: Environment;
  readonly #clock: Clock;
  readonly #since: Milliseconds;
  #verified = 0;
  #sequence = 0;
  #newest: Sealed<"receipt"> | undefined;
  #signedAt: Milliseconds;
  /** Bytes of the newest receipt that the box is known to have got. */
  #arrived = 0;

  constructor(ticket: Sealed<"ticket">, signer: Signer, environment: Environment, clock: Clock) {
    this.#ticket = ticket;
    this.#signer = signer;
    this.#environment = environment;
    this.#clock = clock;
    this.#since = clock.monotonicMs();
    this.#signedAt = this.#since;
  }

  /** A chunk's hash has been checked. */
  add(size: number): void {
    this.#verified += size;
  }

  get verified(): Bytes {
    return bytes(this.#verified);
  }

  /** Must a receipt go out by itself because no request carries one? */
  get due(): boolean {
    const open = this.#verified - this.#arrived;
    if (open === 0) return false;
    return open >= SIGN_AFTER_BYTES || this.#clock.monotonicMs() - this.#signedAt >= SIGN_AFTER;
  }

  /** True while the box has no receipt for all that was checked. */
  get open(): boolean {
    return this.#verified > this.#arrived;
  }

  /** The newest receipt, signed now when more was checked since; undefined before the first chunk. */
  newest(): Sealed<"receipt"> | undefined {
    const max = this.#ticket.body.maxBytes;
    const amount = Math.min(this.#verified, max);
    if (amount > (this.#newest?.body.bytes ?? 0)) {
      this.#signedAt = this.#clock.monotonicMs();
      const receipt = {
        ticket: this.#ticket.hash,
        sequence: ++this.#sequence,
        bytes: bytes(amount),
        elapsed: milliseconds(this.#signedAt - this.#since),
      };
      this.#newest = seal("receipt", receipt, this.#signer, this.#environment);
    }
    return this.#newest;
  }

  /** The box answered a request that carried this receipt. */
  arrived(receipt: Sealed<"receipt"> | undefined): void {
    this.#arrived = Math.max(this.#arrived, receipt?.body.bytes ?? 0);
    if (this.#arrived >= this.#ticket.body.maxBytes) this.#arrived = this.#verified;
  }
}
