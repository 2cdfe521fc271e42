/**
 * Do a viewer's plays of a title stand on bytes of their own? Pure. Each play may use what tickets of a
 * stretch of time delivered, and no byte carries two plays, in whatever order they are looked at.
 */

export interface BackedPlay {
  /** Tickets issued from then to then may have served it, in Unix seconds. */
  readonly from: number;
  readonly to: number;
  readonly needed: number;
}

export interface Delivered {
  readonly at: number;
  readonly bytes: number;
}

/**
 * Given that the others are backed, is the candidate as well? By Hall's theorem on intervals: all plays
 * that lie within a stretch need no more than was delivered in it, for every stretch around the candidate.
 */
export function isBacked(
  candidate: BackedPlay,
  others: readonly BackedPlay[],
  delivered: readonly Delivered[],
): boolean {
  const plays = [candidate, ...others];
  const starts = new Set(plays.map(({ from }) => from).filter((from) => from <= candidate.from));
  const ends = new Set(plays.map(({ to }) => to).filter((to) => to >= candidate.to));
  for (const from of starts) {
    for (const to of ends) {
      const needed = sum(plays.filter((play) => play.from >= from && play.to <= to).map(need));
      const had = sum(
        delivered.filter(({ at }) => at >= from && at <= to).map(({ bytes }) => bytes),
      );
      if (needed > had) return false;
    }
  }
  return true;
}

const need = ({ needed }: BackedPlay) => needed;
const sum = (amounts: readonly number[]) => amounts.reduce((total, amount) => total + amount, 0);
