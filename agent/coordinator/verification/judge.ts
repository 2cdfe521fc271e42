/**
 * What a record is worth. Pure: the larger of all valid cumulative counts of a ticket is proven,
 * the rise since the last record is paid, within what the ticket, the wire, the line and the
 * published caps allow.
 */
import type { Receipt, Ticket, UsageRecord } from "../../accounting/messages.ts";
import type { RefusalCode } from "../../accounting/refusal.ts";
import type { Hash } from "../../core/encoding.ts";
import {
  type BitsPerSecond,
  type Bytes,
  bytes,
  bytesIn,
  type UnixSeconds,
} from "../../core/units.ts";

/** A ticket's fixed terms. */
export type TicketTerms = Omit<Ticket, "id" | "startBy" | "tlsKey">;

export interface Circumstances {
  readonly now: UnixSeconds;
  readonly terms: TicketTerms;
  readonly ticketHash: Hash;
  /** Proven by earlier records. */
  readonly before: Bytes;
  /** Why the ticket's bytes are not paid, where they are not. */
  readonly unpaid: RefusalCode | undefined;
  /** The fastest its line can be. */
  readonly uplink: BitsPerSecond;
  readonly boxEnrolledAt: UnixSeconds;
  readonly boxCreditedBytes: Bytes;
  /** What the day's caps still leave for this viewer and box. */
  readonly capLeft: Bytes;
}

export interface Judgement {
  /** The ticket's cumulative proven bytes after this record. */
  readonly proven: Bytes;
  /** How many of them are paid with this record. */
  readonly payable: Bytes;
  readonly code?: RefusalCode;
}

/** Clocks of two machines, and bytes that were in flight when the first reading was taken. */
const RATE_SLACK_MS = 2_000;
const LIFETIME_SLACK_S = 60;

export function judge(
  record: UsageRecord,
  receipt: Receipt | undefined,
  around: Circumstances,
): Judgement {
  const { terms, before } = around;
  const nothing = (code?: RefusalCode): Judgement => ({
    proven: before,
    payable: bytes(0),
    ...(code && { code }),
  });
  if (terms.box !== record.box) return nothing("wrong-box");
  if (around.now > terms.settleBy) return nothing("settled-too-late");
  if (!receipt) return nothing(record.closeReason === "open" ? undefined : "nothing-proven");
  if (receipt.ticket !== around.ticketHash) return nothing("receipt-other-ticket");
  if (receipt.bytes > terms.maxBytes) return nothing("receipt-over-max");
  const bound = bounded(record, receipt, around);
  if (bound.proven <= before) return nothing(bound.code);
  const rise = bytes(bound.proven - before);
  if (around.unpaid) return { proven: bound.proven, payable: bytes(0), code: around.unpaid };
  const payable = bytes(Math.max(0, Math.min(rise, around.capLeft)));
  const code = payable < rise ? "over-cap" : bound.code;
  return { proven: bound.proven, payable, ...(code && { code }) };
}

/** Cuts a claim to what the box sent and its line can have carried. */
function bounded(record: UsageRecord, receipt: Receipt, around: Circumstances) {
  if (receipt.bytes > record.wireBytes) {
    return { proven: record.wireBytes, code: "over-wire" as const };
  }
  const period = Math.max(receipt.elapsed, record.ended - record.started) + RATE_SLACK_MS;
  const lifetime = (around.now - around.boxEnrolledAt + LIFETIME_SLACK_S) * 1000;
  const inPeriod = bytesIn(around.uplink, period as typeof receipt.elapsed);
  const inLifetime =
    around.before +
    bytesIn(around.uplink, lifetime as typeof receipt.elapsed) -
    around.boxCreditedBytes;
  const limit = Math.floor(Math.max(0, Math.min(inPeriod, inLifetime)));
  return receipt.bytes > limit
    ? { proven: bytes(limit), code: "over-rate" as const }
    : { proven: receipt.bytes, code: undefined };
}
