/**
 * What a box may run past a viewer's last signature: at most the window W, which it loses when the
 * viewer never signs. W grows with sessions that were signed for and falls back after one that was
 * not; three of those and the viewer is refused.
 */
import { type Bytes, bytes, mebibytes } from "../core/units.ts";

/** How a viewer behaved so far. */
export interface ViewerStanding {
  /** Bytes a box may run past the viewer's last receipt: 2 to 8 MiB. */
  readonly window: Bytes;
  /** Times it left with a full window unsigned; at three it is refused. */
  readonly strikes: number;
}

export const SMALLEST_WINDOW = mebibytes(2);
export const LARGEST_WINDOW = mebibytes(8);
/** A stranger reaches the largest window after six good sessions. */
const WINDOW_STEP = mebibytes(1);
const STRIKES_REFUSED = 3;

export const stranger: ViewerStanding = { window: SMALLEST_WINDOW, strikes: 0 };

export const isRefused = (standing: ViewerStanding) => standing.strikes >= STRIKES_REFUSED;

/** Bytes that may still be sent before the next receipt; 0 when receipts are due. */
export const windowLeft = (standing: ViewerStanding, wireBytes: Bytes, receipted: Bytes): Bytes =>
  bytes(Math.max(0, receipted + standing.window - wireBytes));

/** The standing after a session that sent `wireBytes`, of which `receipted` were signed for. */
export function afterSession(
  standing: ViewerStanding,
  wireBytes: Bytes,
  receipted: Bytes,
): ViewerStanding {
  if (wireBytes - receipted >= standing.window) {
    return { window: SMALLEST_WINDOW, strikes: standing.strikes + 1 };
  }
  if (receipted < standing.window) return standing;
  return {
    window: bytes(Math.min(LARGEST_WINDOW, standing.window + WINDOW_STEP)),
    strikes: Math.max(0, standing.strikes - 1),
  };
}

/** A refused viewer that signs after all for what it got is forgiven one strike. */
export const afterLateReceipt = (standing: ViewerStanding): ViewerStanding => ({
  ...standing,
  strikes: Math.max(0, standing.strikes - 1),
});
