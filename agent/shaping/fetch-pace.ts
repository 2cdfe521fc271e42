import type { Clock } from "../core/clock.ts";
import { type BitsPerSecond, bytes, bytesIn, milliseconds } from "../core/units.ts";

/** undefined is without a limit, 0 is not now. */
export type FetchRate = () => BitsPerSecond | undefined;

export type Pace = (amount: number, signal: AbortSignal) => Promise<void>;

/** A changed rate is noticed within this while a request waits its turn. */
const STEP = milliseconds(250);

/**
 * Paced reading: hands out turns so that all requests together ask for no more than the rate, in
 * the order they came. A turn is given when what was asked for before has had its time.
 */
export function createFetchPace(options: {
  readonly clock: Clock;
  readonly rate: FetchRate;
}): Pace {
  const { clock, rate } = options;
  let owed = 0;
  let at = clock.monotonicMs();
  let last: Promise<void> = Promise.resolve();

  const settle = () => {
    const now = clock.monotonicMs();
    const limit = rate();
    owed = limit === undefined ? 0 : Math.max(0, owed - bytesIn(limit, milliseconds(now - at)));
    at = now;
    return limit;
  };
  const mustWait = (limit: BitsPerSecond | undefined) => owed > 0 || limit === 0;
  const takeTurn = async (amount: number, signal: AbortSignal) => {
    for (let limit = settle(); mustWait(limit) && !signal.aborted; limit = settle()) {
      const wait = limit ? (bytes(owed) * 8000) / limit : STEP;
      await clock.sleep(milliseconds(Math.min(wait, STEP)), signal);
    }
    if (!signal.aborted) owed += amount;
  };

  return (amount, signal) => {
    last = last.then(() => takeTurn(amount, signal));
    return last;
  };
}
