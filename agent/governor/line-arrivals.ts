/** How much arrives, for what was asked and what left: whether somebody keeps the rest, or a line that stood still. */
import { deliveredRate, leastAsked, leastSent, mostAsked } from "./delivery.ts";
import { type Carrying, mtuTime } from "./line-packets.ts";
import type { LineState } from "./line-state.ts";
import type { LineSample } from "./sample.ts";

/** Part of what is asked for: less arrives only when others or a slower line keep it. */
const MUCH_LESS = 0.75;
const FEW_PACKETS = 20;
/** So many are enough to see that nothing is missing, but for the last one of them. */
const WHOLE_PACKETS = 8;
const WHOLE = 0.95;

/** Since a few ticks much less arrives than was asked for, and not because nothing more is there. */
export function arrivesLess(state: LineState, sample: LineSample, rtt: number): boolean {
  const { delivery, at } = state;
  // Of fewer packets than these, one more or less would say so.
  const window = Math.max(22, (FEW_PACKETS * 12e6) / state.rate);
  const arriving = deliveredRate(delivery, at, window);
  const span = 2 * window + 50 + rtt;
  const much = (asked: number) => arriving !== undefined && arriving < MUCH_LESS * asked;
  if (!much(leastAsked(delivery, at, span, rtt)) || sample.peers?.waiting === 0) return false;
  // Between two responses nothing leaves for a moment, whatever was asked for.
  return much(leastSent(delivery, at, span, rtt, window) ?? Number.POSITIVE_INFINITY);
}

/** Of the last few packets as many arrive as left when they did. */
export function arrivesAll({ delivery, at, ...state }: LineState, ago: number): boolean {
  const window = fewPackets(state);
  const arriving = deliveredRate(delivery, at, window) ?? 0;
  const whole = Math.min(WHOLE, 1 - mtuTime(state) / window);
  return arriving > whole * mostAsked(delivery, at, ago + window + 5, ago - 5);
}

/** Of some that are out none at all does. */
export function arrivesNothing(state: LineState, { peers }: LineSample): boolean {
  const { delivery, at } = state;
  const window = fewPackets(state);
  return (
    (peers?.inFlight ?? 0) > 0 &&
    (deliveredRate(delivery, at, window) === 0 || (peers?.unheard ?? 0) > window)
  );
}

/**
 * Part of `asked` that has arrived since a look of a moment ago; undefined when unknown.
 *
 * @param asked bits per second that left a round trip before.
 */
export function arrivedPart(
  { delivery }: LineState,
  since: number,
  asked: number,
): number | undefined {
  const from = delivery.find((point) => point.at >= since);
  const to = delivery.at(-1);
  if (!from || !to || from === to) return undefined;
  return ((to.acknowledged - from.acknowledged) * 8000) / (to.at - from.at) / asked;
}

/** Milliseconds that so many take. */
export const fewPackets = (state: Carrying) => Math.max(8, WHOLE_PACKETS * mtuTime(state));
