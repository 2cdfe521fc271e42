/** Cumulative counters that wrap at 2^32 or start again at 0 when a driver or a router restarts. */
import { type Bytes, bytes } from "../agent/core/units.ts";
import type { NicReading } from "./nic.ts";

const WRAP = 2 ** 32;
/** Ten gigabits per second, in bytes per millisecond: faster than any console's network. */
const FASTEST = 1.25e6;
/** Counters of 32 bits belong to cards of a gigabit; one that moved further back was reset. */
const FASTEST_WRAPPING = 1.25e5;
const LONGEST_WRAP = 2 ** 30;

/**
 * How far a counter moved between two readings; undefined when that cannot be known, because it
 * started again or jumped further than a network carries in the time.
 */
export function advance(before: number, now: number, elapsed: number): Bytes | undefined {
  const time = Math.max(1, elapsed);
  if (now >= before) return now - before <= time * FASTEST ? bytes(now - before) : undefined;
  const wrapped = now + WRAP - before;
  const most = Math.min(time * FASTEST_WRAPPING, LONGEST_WRAP);
  return before < WRAP && wrapped <= most ? bytes(wrapped) : undefined;
}

/** What went through the interface between two readings; undefined when it is not the same one or was reset. */
export function nicAdvance(
  before: NicReading,
  now: NicReading,
): { readonly sent: Bytes; readonly received: Bytes } | undefined {
  if (before.name !== now.name) return undefined;
  const elapsed = now.at - before.at;
  const sent = advance(before.sent, now.sent, elapsed);
  const received = advance(before.received, now.received, elapsed);
  return sent !== undefined && received !== undefined ? { sent, received } : undefined;
}
