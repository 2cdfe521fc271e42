/** How a line's tick is shared between our traffic and the family's, in bits, for `fluid-line.ts`. */

/** Of ours and of the family's. */
export type Pair = readonly [own: number, family: number];

export interface Carried {
  readonly got: Pair;
  readonly kept: Pair;
  /** Of ours. */
  readonly lost: number;
  /** Bits that a probe, or another of our own packets, waits behind. */
  readonly before: { readonly probe: number; readonly own: number };
}

/** One queue for all: each has of it what it put into it. */
export function inOneQueue(queued: Pair, room: number, buffer: number): Carried {
  const all = queued[0] + queued[1];
  const carried = Math.min(all, room);
  const over = Math.max(0, all - carried - buffer);
  const part = (amount: number) => (all > 0 ? amount / all : 0);
  const waits = all - carried - over;
  return {
    got: [queued[0] * part(carried), queued[1] * part(carried)],
    kept: [queued[0] * part(waits), queued[1] * part(waits)],
    lost: queued[0] * part(over),
    before: { probe: waits, own: waits },
  };
}

/** A queue for each flow: we have `flows` of them, the family one, and a probe waits for nobody. */
export function inFairQueues(queued: Pair, room: number, buffer: number, flows: number): Carried {
  const [own, family] = queued;
  const familyGot = Math.min(family, Math.max(room / (flows + 1), room - own));
  const ownGot = Math.min(own, room - familyGot);
  const over = Math.max(0, own - ownGot - buffer);
  const waits = own - ownGot - over;
  return {
    got: [ownGot, familyGot],
    kept: [waits, Math.min(buffer, family - familyGot)],
    lost: over,
    before: { probe: 0, own: waits },
  };
}

/** What one more flow, that takes all it gets, has beside flows that want so much. */
export function leftForOneMore(capacity: number, wanted: readonly number[]): number {
  let left = capacity;
  let more = wanted.length + 1;
  for (const rate of [...wanted].sort((a, b) => a - b)) {
    left -= Math.min(rate, left / more);
    more--;
  }
  return left;
}
