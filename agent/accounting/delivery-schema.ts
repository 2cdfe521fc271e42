/** How what is asked for, delivered, signed for and recorded looks as bytes. */
import type { Bytes } from "../core/units.ts";
import {
  byteString,
  choice,
  hash,
  id,
  list,
  MAX_UINT,
  measured,
  publicKey,
  uint,
} from "./codec.ts";
import { amount, duration, permille, seconds } from "./fields.ts";
import { MAX_TAIL, TICKET_MAX_BYTES } from "./limits.ts";
import type {
  AvoidReason,
  ClockQuality,
  CloseReason,
  Play,
  Receipt,
  RecordEntry,
  Tail,
  Ticket,
  TicketRequest,
  UsageRecord,
} from "./messages.ts";
import { type Fields, optional, required, structure } from "./structure.ts";

const avoided = structure<TicketRequest["avoid"][number]>("avoided", {
  box: required(1, publicKey),
  reason: required(
    2,
    choice<AvoidReason>("garbled", "slow", "unreachable", "used-up", "wrong-key"),
  ),
});

export const ticketRequest = structure<Omit<TicketRequest, "viewer">>("ticket-request", {
  title: required(1, hash),
  boxes: required(2, uint(16, 1)),
  avoid: required(3, list(avoided, 64)),
  nonce: required(4, id),
  at: required(5, seconds),
});

export const ticket = structure<Ticket>("ticket", {
  id: required(1, id),
  box: required(2, publicKey),
  viewer: required(3, publicKey),
  title: required(4, hash),
  split: required(5, hash),
  priceList: required(6, uint(0xffff_ffff)),
  maxBytes: required(7, uint<Bytes>(TICKET_MAX_BYTES, 1)),
  notBefore: required(8, seconds),
  startBy: required(9, seconds),
  expires: required(10, seconds),
  settleBy: required(11, seconds),
  tlsKey: optional(12, hash),
});

export const receipt = structure<Receipt>("receipt", {
  ticket: required(1, hash),
  sequence: required(2, uint(0xffff_ffff)),
  bytes: required(3, amount),
  elapsed: required(4, duration),
});

export const play = structure<Omit<Play, "viewer">>("play", {
  id: required(1, id),
  title: required(2, hash),
  startedAt: required(3, seconds),
  played: required(4, duration),
});

const entryFields: Fields<RecordEntry> = {
  ticket: required(4, byteString(512)),
  receipt: optional(5, byteString(256)),
  wireBytes: required(6, amount),
  bootId: required(7, id),
  started: required(8, duration),
  ended: required(9, duration),
  wallTime: required(10, seconds),
  clockQuality: required(11, choice<ClockQuality>("untrusted", "rtc", "synchronised")),
  cpuIdlePermille: optional(12, permille),
  lineDelayMs: optional(13, measured(600_000)),
  closeReason: required(
    14,
    choice<CloseReason>(
      "open",
      "done",
      "expired",
      "idle",
      "window-exceeded",
      "max-bytes",
      "restart",
      "shutdown",
    ),
  ),
};

export const record = structure<Omit<UsageRecord, "box">>("record", {
  generation: required(1, uint(0xffff_ffff)),
  sequence: required(2, uint(MAX_UINT, 1)),
  previous: required(3, hash),
  ...entryFields,
});

const recordEntry = structure<RecordEntry>("record-entry", entryFields);

export const tail = structure<Omit<Tail, "box">>("tail", {
  entries: required(1, list(recordEntry, MAX_TAIL)),
  at: required(2, seconds),
});
