/** May this ticket be used here and now, and does this receipt fit it: for boxes and coordinator alike. */
import type { Hash, PublicKey } from "../core/encoding.ts";
import { type Bytes, bytes, type Milliseconds, type UnixSeconds } from "../core/units.ts";
import type { ClockQuality, Receipt, Sealed, Ticket } from "./messages.ts";
import type { RefusalCode } from "./refusal.ts";

export type Judgement = { readonly ok: true } | { readonly ok: false; readonly code: RefusalCode };

const fits: Judgement = { ok: true };
const refused = (code: RefusalCode): Judgement => ({ ok: false, code });

/** Clocks of two honest machines may differ by so much. */
const SKEW_S = 120;

export interface TicketUse {
  readonly box: PublicKey;
  readonly title: Hash;
  readonly wall: UnixSeconds;
  readonly clockQuality: ClockQuality;
  /** Monotonic time since the ticket's first request here; undefined for the first. */
  readonly sinceFirstUse: Milliseconds | undefined;
  /** Bytes handed to the kernel for the ticket so far. */
  readonly wireBytes: Bytes;
}

/**
 * Refuses a ticket that is another's, over, or used up. Unless a time source has set the clock
 * (a hardware clock may be years off) only the monotonic time since its first use counts; what is then served too late is settled by the coordinator's clock.
 */
export function judgeTicketUse(ticket: Ticket, use: TicketUse): Judgement {
  if (ticket.box !== use.box) return refused("wrong-box");
  if (ticket.title !== use.title) return refused("wrong-title");
  if (use.wireBytes >= ticket.maxBytes) return refused("ticket-used-up");
  const lifetime = (ticket.expires - ticket.notBefore) * 1000;
  if (use.sinceFirstUse !== undefined && use.sinceFirstUse > lifetime) {
    return refused("ticket-expired");
  }
  if (use.clockQuality !== "synchronised") return fits;
  if (use.wall < ticket.notBefore - SKEW_S) return refused("ticket-not-yet");
  if (use.wall > ticket.expires + SKEW_S) return refused("ticket-expired");
  if (use.sinceFirstUse === undefined && use.wall > ticket.startBy + SKEW_S) {
    return refused("ticket-start-passed");
  }
  return fits;
}

/** Is the receipt this ticket's, by its viewer, and within its bytes? */
export function judgeReceipt(ticket: Sealed<"ticket">, receipt: Sealed<"receipt">): Judgement {
  if (receipt.body.ticket !== ticket.hash) return refused("receipt-other-ticket");
  if (receipt.signer !== ticket.body.viewer) return refused("wrong-viewer");
  if (receipt.body.bytes > ticket.body.maxBytes) return refused("receipt-over-max");
  return fits;
}

/** Of two receipts of one ticket the one that proves more; receipts that say less change nothing. */
export const betterReceipt = <R extends { readonly body: Receipt }>(
  held: R | undefined,
  next: R,
): R => (held === undefined || next.body.bytes > held.body.bytes ? next : held);

/**
 * What a cumulative count adds to what was already credited for its ticket. Never negative, so that
 * no order or repetition of records can take back or pay twice.
 */
export const creditOf = (alreadyCredited: Bytes, cumulative: Bytes, maxBytes: Bytes): Bytes =>
  bytes(Math.max(0, Math.min(cumulative, maxBytes) - alreadyCredited));
