import type { Clock } from "../core/clock.ts";
import { milliseconds, seconds } from "../core/units.ts";
import type { BoxLink } from "./box-link.ts";

/** The last receipts have to be taken within this. */
const SETTLE_WITHIN = seconds(5);
const SETTLE_AGAIN = milliseconds(100);

/** Hands boxes the receipt for what they gave; boxes that are gone keep what they have. */
export async function handOverLastReceipts(links: readonly BoxLink[], clock: Clock): Promise<void> {
  const within = new AbortController();
  const limit = clock.sleep(SETTLE_WITHIN, within.signal);
  const posts = links
    .filter((link) => link.receipts.open)
    .map((link) => handOver(link, clock, within.signal));
  await Promise.race([limit, Promise.all(posts)]);
  within.abort();
}

/** Twice, because the connection that is reused may be the one that the box has just closed. */
async function handOver(link: BoxLink, clock: Clock, signal: AbortSignal): Promise<void> {
  if (await link.postReceipt(signal)) return;
  await clock.sleep(SETTLE_AGAIN, signal);
  await link.postReceipt(signal);
}
