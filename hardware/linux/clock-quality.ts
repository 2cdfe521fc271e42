/** How far the wall clock can be believed, from the kernel's own discipline state (adjtimex(2)). */
import { openLibc } from "../../agent/core/libc.ts";

export type ClockTrust = "untrusted" | "rtc" | "synchronised";

/** struct timex is 208 bytes on 64-bit Linux; all zero means "tell, change nothing". */
const TIMEX_SIZE = 208;
/** Returned while no time source has set the clock (timex.h). */
const TIME_ERROR = 5;
/** Before this the program did not exist, so the clock is wrong. */
const EARLIEST = Date.UTC(2026, 0, 1);
const LATEST = Date.UTC(2100, 0, 1);

/** A cheap question for once a record; falls back to plausibility where the kernel cannot be asked. */
export function createClockTrust(wallMs: () => number): () => ClockTrust {
  const ask = openAdjtimex();
  return () => {
    const now = wallMs();
    if (now < EARLIEST || now > LATEST) return "untrusted";
    const state = ask?.();
    return state === undefined || state < 0 || state === TIME_ERROR ? "rtc" : "synchronised";
  };
}

function openAdjtimex(): (() => number) | undefined {
  try {
    const { symbols } = openLibc({ adjtimex: { args: ["ptr"], returns: "i32" } });
    const timex = new Uint8Array(TIMEX_SIZE);
    return () => {
      timex.fill(0);
      return symbols.adjtimex(timex);
    };
  } catch {
    // Foreign calls do not work here: plausibility has to do.
    return undefined;
  }
}
