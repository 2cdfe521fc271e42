/**
 * Finds closed groups of boxes and viewers that mostly pay one another. Pure. The coordinator chooses
 * who serves whom, so an honest group's sales go to its own members about as often as its share of
 * the network; a ring's nearly always do.
 */
import type { PublicKey } from "../core/encoding.ts";

/** So many bytes of this box's were paid for serving this viewer. */
export interface Sale {
  readonly box: PublicKey;
  readonly viewer: PublicKey;
  readonly bytes: number;
}

export interface RingRules {
  /** Share of a group's sales that stay inside, from which it is suspect. */
  readonly inside: number;
  /** How many times more that must be than its share of all sales. */
  readonly lift: number;
  /** Groups that sold less are not worth a look. */
  readonly minBytes: number;
  readonly minBoxes: number;
}

export const defaultRingRules: RingRules = {
  inside: 0.8,
  lift: 4,
  minBytes: 10 * 1024 ** 3,
  minBoxes: 3,
};

export interface Ring {
  /** Boxes and viewers, sorted; the first names the ring. */
  readonly members: readonly PublicKey[];
  readonly boxes: number;
  readonly bytes: number;
  /** Share of the boxes' sales that stayed inside. */
  readonly inside: number;
}

/** Rounds of label propagation; it settles in a handful on graphs of any size. */
const ROUNDS = 12;

export function findRings(sales: readonly Sale[], rules = defaultRingRules): readonly Ring[] {
  const labels = communities(sales);
  const groups = new Map<PublicKey, { members: Set<PublicKey>; boxes: Set<PublicKey> }>();
  for (const { box, viewer } of sales) {
    for (const key of [box, viewer]) {
      const label = labels.get(key) ?? key;
      const group = groups.get(label) ?? { members: new Set(), boxes: new Set() };
      groups.set(label, group);
      group.members.add(key);
      if (key === box) group.boxes.add(key);
    }
  }
  const sold = new Map<PublicKey, number>();
  const kept = new Map<PublicKey, number>();
  let total = 0;
  for (const { box, viewer, bytes } of sales) {
    const label = labels.get(box) ?? box;
    add(sold, label, bytes);
    if (labels.get(viewer) === label) add(kept, label, bytes);
    total += bytes;
  }
  return [...groups].flatMap(([label, { members, boxes }]) => {
    const bytes = sold.get(label) ?? 0;
    const inside = (kept.get(label) ?? 0) / Math.max(1, bytes);
    const expected = bytes / Math.max(1, total);
    const suspect =
      boxes.size >= rules.minBoxes &&
      bytes >= rules.minBytes &&
      inside >= rules.inside &&
      inside >= rules.lift * expected;
    return suspect ? [{ members: [...members].sort(), boxes: boxes.size, bytes, inside }] : [];
  });
}

/** Weighted label propagation (Raghavan et al. 2007), in a fixed order so that it can be repeated. */
function communities(sales: readonly Sale[]): ReadonlyMap<PublicKey, PublicKey> {
  const neighbours = new Map<PublicKey, Map<PublicKey, number>>();
  const link = (from: PublicKey, to: PublicKey, bytes: number) => {
    const row = neighbours.get(from) ?? new Map<PublicKey, number>();
    neighbours.set(from, row);
    add(row, to, bytes);
  };
  for (const { box, viewer, bytes } of sales) {
    link(box, viewer, bytes);
    link(viewer, box, bytes);
  }
  const order = [...neighbours.keys()].sort();
  const labels = new Map(order.map((key) => [key, key]));
  for (let round = 0; round < ROUNDS; round++) {
    let moved = false;
    for (const key of order) {
      const votes = new Map<PublicKey, number>();
      for (const [other, bytes] of neighbours.get(key) ?? []) {
        add(votes, labels.get(other) ?? other, bytes);
      }
      const best = heaviest(votes) ?? key;
      moved ||= best !== labels.get(key);
      labels.set(key, best);
    }
    if (!moved) break;
  }
  return labels;
}

function heaviest(votes: ReadonlyMap<PublicKey, number>): PublicKey | undefined {
  let best: PublicKey | undefined;
  let most = 0;
  for (const [label, weight] of votes) {
    if (weight > most || (weight === most && best !== undefined && label < best)) {
      best = label;
      most = weight;
    }
  }
  return best;
}

const add = (map: Map<PublicKey, number>, key: PublicKey, amount: number) =>
  map.set(key, (map.get(key) ?? 0) + amount);
