/**
 * What one ticket was sent and what was signed for, however many connections use it. Pure: requests
 * and receipts go in, judgements come out; `sessions.ts` holds them and talks to the journal.
 */
import type { CloseReason, Sealed } from "../accounting/messages.ts";
import { betterReceipt } from "../accounting/ticket-use.ts";
import { afterSession, type ViewerStanding, windowLeft } from "../accounting/window.ts";
import { type Bytes, bytes, type Milliseconds, milliseconds } from "../core/units.ts";
import type { RestoredSession, SessionSnapshot } from "../journal/session-journal.ts";

/**
 * Of the ranges that broke off nobody knows how much arrived. They are given up in proportion to what
 * the viewer did sign for, so that breaking off and not signing gains nobody more than an eighth.
 */
const GIVEN_UP_SHARE = 1 / 8;

export class Session {
  readonly ticket: Sealed<"ticket">;
  readonly started: Milliseconds;
  readonly #provenBefore: number;
  #wire: number;
  #brokenOff = 0;
  #receipt: Sealed<"receipt"> | undefined;
  lastUsed: Milliseconds;
  /** Until then the ticket's times need not be looked at again. */
  goodUntil = milliseconds(0);
  /** Set once the viewer was told that receipts are due, until it signs. */
  due = false;
  /** The newest receipt as it came, not verified yet; receipts are cumulative, so only it matters. */
  unverified: string | undefined;
  /** Bytes sent and signed at the last note in the journal. */
  noted = { wire: -1, proven: -1 };
  /** Set when this box, not the viewer, broke off a response. */
  cut = false;
  /** Bytes sent and signed when it last ended: what was recorded and judged is not so again. */
  #settled: { readonly wire: number; readonly proven: number };

  /** Counts go on from what is remembered of the ticket. */
  constructor(ticket: Sealed<"ticket">, now: Milliseconds, restored?: RestoredSession) {
    this.ticket = ticket;
    this.started = now;
    this.#wire = restored?.wireBytes ?? 0;
    this.#provenBefore = restored?.proven ?? 0;
    this.#settled = { wire: this.#wire, proven: this.#provenBefore };
    this.lastUsed = now;
  }

  /** Was anything sent or signed since it last ended? A ticket may be shown again without an end. */
  get hasNews(): boolean {
    return this.#wire > this.#settled.wire || this.proven > this.#settled.proven;
  }

  /** It ended: what it brought so far is in the books. */
  settle(): void {
    this.#settled = { wire: this.#wire, proven: this.proven };
    this.cut = false;
  }

  /** Bytes handed to the kernel, with those of ranges that broke off. */
  get wireBytes(): Bytes {
    return bytes(this.#wire);
  }

  get proven(): Bytes {
    return bytes(Math.max(this.#provenBefore, this.#receipt?.body.bytes ?? 0));
  }

  /** What counts against the window and the ticket's bytes. */
  get charged(): Bytes {
    return bytes(this.#wire - Math.min(this.#brokenOff, this.proven * GIVEN_UP_SHARE));
  }

  /** Bytes that may be sent before the next receipt. */
  room(standing: ViewerStanding): Bytes {
    const left = windowLeft(standing, this.charged, this.proven);
    return bytes(Math.min(left, Math.max(0, this.ticket.body.maxBytes - this.charged)));
  }

  /** The longest response to one request: no more than the ticket has left, but for one that has nothing. */
  longest(standing: ViewerStanding): Bytes {
    const left = Math.floor(this.ticket.body.maxBytes - this.charged);
    return left > 0 ? bytes(Math.min(standing.window, left)) : standing.window;
  }

  sent(amount: number, now: Milliseconds): void {
    this.#wire += amount;
    this.lastUsed = now;
  }

  brokeOff(amount: number): void {
    this.#brokenOff += amount;
  }

  /** A receipt that says less than an earlier one changes nothing. */
  signed(receipt: Sealed<"receipt">, now: Milliseconds): void {
    this.#receipt = betterReceipt(this.#receipt, receipt);
    this.due = false;
    this.lastUsed = now;
  }

  snapshot(): SessionSnapshot {
    const receipt = this.#receipt;
    return {
      ticket: this.ticket,
      ...(receipt && { receipt }),
      wireBytes: this.wireBytes,
      started: this.started,
    };
  }

  /**
   * The viewer's standing after this session, by what is new since it last ended; what this box cut off
   * itself is not held against it.
   */
  standingAfter(standing: ViewerStanding): ViewerStanding {
    const signed = bytes(this.proven - this.#settled.proven);
    if (this.cut || this.#wire === this.#settled.wire) {
      return afterSession(standing, signed, signed);
    }
    const unsigned = this.due ? standing.window : this.charged - this.proven;
    return afterSession(standing, bytes(signed + unsigned), signed);
  }

  /** How it ended when the viewer stopped asking. */
  idleReason(standing: ViewerStanding): CloseReason {
    if (this.proven >= this.ticket.body.maxBytes) return "max-bytes";
    if (this.proven > 0 && this.proven >= this.charged) return "done";
    return this.due || this.charged - this.proven >= standing.window ? "window-exceeded" : "idle";
  }
}
