/**
 * What was sent to peers today and this month, for the household's caps. A clock that jumps must
 * neither reset a cap nor hold it for ever, so the date only moves when there is reason to believe it.
 */
import type { ClockQuality } from "../accounting/messages.ts";
import type { Bytes, Milliseconds } from "../core/units.ts";
import type { SentRow } from "./schema.ts";

export interface Sent {
  /** Local date, YYYY-MM-DD; empty before anything was counted. */
  readonly day: string;
  readonly dayBytes: Bytes;
  /** Local month, YYYY-MM. */
  readonly month: string;
  readonly monthBytes: Bytes;
  readonly total: Bytes;
}

export const nothingSent: Sent = {
  day: "",
  dayBytes: 0 as Bytes,
  month: "",
  monthBytes: 0 as Bytes,
  total: 0 as Bytes,
};

export interface ClockReading {
  readonly wall: Milliseconds;
  readonly monotonic: Milliseconds;
  readonly quality: ClockQuality;
}

/** Wall and monotonic clock may drift apart this much between two readings before it is a jump. */
const DRIFT_MS = 60_000;

/** Adds bytes, starting a new day or month when the date has credibly changed. Pure. */
export function countSent(
  sent: Sent,
  amount: Bytes,
  now: ClockReading,
  before: ClockReading | undefined,
): Sent {
  const dated = moveDate(sent, now, before);
  if (amount === 0) return dated;
  return {
    ...dated,
    dayBytes: (dated.dayBytes + amount) as Bytes,
    monthBytes: (dated.monthBytes + amount) as Bytes,
    total: (dated.total + amount) as Bytes,
  };
}

function moveDate(sent: Sent, now: ClockReading, before: ClockReading | undefined): Sent {
  const day = localDate(now.wall);
  const trusted = now.quality === "synchronised" || (now.quality === "rtc" && !before);
  if (sent.day === "" || (trusted && day < sent.day)) {
    // A date that was ahead by mistake: the count goes on under the right one, nothing is forgiven.
    return { ...sent, day, month: monthOf(day) };
  }
  if (before && walked(before, now)) {
    const yesterday = localDate(before.wall);
    if (yesterday === day) return trusted && day > sent.day ? newDay(sent, day) : sent;
    // A midnight went by, under whatever date; a clock nobody vouches for does not set the date back.
    const next = newDay(sent, day.localeCompare(sent.day) > 0 ? day : sent.day);
    return monthOf(yesterday) === monthOf(day) ? next : { ...next, monthBytes: 0 as Bytes };
  }
  return trusted && day > sent.day ? newDay(sent, day) : sent;
}

function newDay(sent: Sent, day: string): Sent {
  const month = monthOf(day);
  const monthBytes = month === sent.month ? sent.monthBytes : (0 as Bytes);
  return { ...sent, day, dayBytes: 0 as Bytes, month, monthBytes };
}

/** Did the wall clock go along with the monotonic one since, instead of jumping? */
function walked(before: ClockReading, now: ClockReading): boolean {
  const drift = now.wall - before.wall - (now.monotonic - before.monotonic);
  return Math.abs(drift) <= DRIFT_MS;
}

const monthOf = (day: string) => day.slice(0, 7);

export function localDate(wall: Milliseconds): string {
  const date = new Date(wall);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The count, kept in step with the clock. */
export class SentCounter {
  readonly #read: () => ClockReading;
  #sent: Sent;
  #saved: Sent;
  #before: ClockReading | undefined;

  /** `saved`: is the count on disk already? */
  constructor(sent: Sent, saved: boolean, read: () => ClockReading) {
    this.#sent = sent;
    this.#saved = saved ? sent : nothingSent;
    this.#read = read;
  }

  /** Adds bytes (0 to have just the date looked at) and tells where the count stands. */
  add(amount: Bytes): Sent {
    const now = this.#read();
    this.#sent = countSent(this.#sent, amount, now, this.#before);
    this.#before = now;
    return this.#sent;
  }

  /** undefined when the count is on disk as it is. */
  get row(): SentRow | undefined {
    if (this.#sent === this.#saved) return undefined;
    const { day, dayBytes: day_bytes, month, monthBytes: month_bytes, total } = this.#sent;
    return { id: 1, day, day_bytes, month, month_bytes, total };
  }

  /** Bytes that are counted, but not on disk. */
  get unsaved(): Bytes {
    return (this.#sent.total - this.#saved.total) as Bytes;
  }

  settle(): void {
    this.#saved = this.#sent;
  }
}

export const sentFromRow = (row: SentRow): Sent => ({
  day: row.day,
  dayBytes: row.day_bytes as Bytes,
  month: row.month,
  monthBytes: row.month_bytes as Bytes,
  total: row.total as Bytes,
});
