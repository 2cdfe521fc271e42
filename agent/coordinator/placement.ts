/**
 * Which box should hold which title. Pure: replicas follow demand, boxes are drawn by a weighted
 * hash, so that a box that comes or goes moves few titles and nobody chooses what he is asked for.
 */
import { createHash } from "node:crypto";
import type { Hash, PublicKey } from "../core/encoding.ts";

export interface PlacementTitle {
  readonly title: Hash;
  readonly size: number;
  /** Requests an hour. */
  readonly demand: number;
}

export interface PlacementBox {
  readonly box: PublicKey;
  /** Bytes it offers to hold. */
  readonly capacity: number;
  /** Bits per second it can usually spare. */
  readonly rate: number;
  /** Share of the time it is there, 0 to 1. */
  readonly presence: number;
  /** What it holds already, in whole or in part: keeping it costs no transfer. */
  readonly holds: ReadonlySet<Hash>;
  /** Titles its household does not want. */
  readonly blocked: ReadonlySet<Hash>;
}

export interface PlacementRules {
  /** Copies that a title with any demand has at least, counted by presence. */
  readonly minReplicas: number;
  /** Requests an hour below which a title gets no new copies: bringing one there costs as much. */
  readonly minDemand?: number;
  /** How much of a box's rate placement counts on; the rest is for peaks. */
  readonly loadFactor: number;
  /** No title takes more than this share of the boxes. */
  readonly maxShare: number;
}

export const defaultPlacementRules: PlacementRules = {
  minReplicas: 2,
  minDemand: 0.02,
  loadFactor: 0.5,
  maxShare: 0.5,
};

export type Placement = ReadonlyMap<PublicKey, readonly Hash[]>;

interface Slot {
  readonly box: PlacementBox;
  /** Its place on the ring. */
  readonly at: number;
  left: number;
  /** Bits per second of demand it was given, weighed by its presence. */
  load: number;
  readonly titles: Hash[];
}

/** A title that is somewhere already counts for more: every change of mind costs a transfer. */
const HELD_BONUS = 2;

/**
 * Places titles in the order of demand for each byte, since a byte of flash should earn the most it
 * can. What boxes hold already stays while there is room.
 */
export function placeTitles(
  titles: readonly PlacementTitle[],
  boxes: readonly PlacementBox[],
  rules: PlacementRules = defaultPlacementRules,
): Placement {
  const slots = boxes
    .filter(({ capacity, presence }) => capacity > 0 && presence > 0)
    .map(
      (box): Slot => ({
        box,
        at: pointOf(box.box),
        left: box.capacity,
        load: 0,
        titles: [],
      }),
    );
  const ring = slots.map((slot) => ({ slot, at: slot.at }));
  ring.sort((a, b) => a.at - b.at);
  const holders = holdersByTitle(slots);
  const worthOf = ({ title, demand, size }: PlacementTitle) =>
    (demand * (holders.has(title) ? HELD_BONUS : 1)) / size;
  const order = titles
    .map((title) => ({ title, value: worthOf(title) }))
    .sort((a, b) => b.value - a.value || (a.title.title < b.title.title ? -1 : 1))
    .map(({ title }) => title);
  for (const title of order) place(title, ring, holders.get(title.title) ?? [], rules);
  return new Map(slots.map((slot) => [slot.box.box, slot.titles]));
}

interface RingPoint {
  readonly slot: Slot;
  readonly at: number;
}

function place(
  title: PlacementTitle,
  ring: readonly RingPoint[],
  holders: readonly Slot[],
  rules: PlacementRules,
): void {
  if (ring.length === 0) return;
  const needed = (title.demand * title.size * 8) / 3600;
  let copies = 0;
  let rate = 0;
  let taken = 0;
  const most = Math.max(rules.minReplicas, Math.ceil(ring.length * rules.maxShare));
  const tried = new Set<Slot>();
  const enough = () => (copies >= rules.minReplicas && rate >= needed) || taken >= most;
  const tryOn = (slot: Slot) => {
    if (tried.has(slot)) return;
    tried.add(slot);
    const { box } = slot;
    const spare = box.rate * rules.loadFactor - slot.load;
    if (slot.left < title.size || spare <= 0 || box.blocked.has(title.title)) return;
    slot.left -= title.size;
    const share = Math.min(spare, Math.max(0, needed - rate));
    slot.load += share;
    slot.titles.push(title.title);
    copies += box.presence;
    rate += spare * box.presence;
    taken += 1;
  };
  const at = pointOf(title.title);
  // In the order in which the ring would name them, so that the same boxes carry the same load.
  const behind = (slot: Slot) => (slot.at - at + RING) % RING;
  for (const slot of holders.toSorted((a, b) => behind(a) - behind(b))) {
    if (enough()) return;
    tryOn(slot);
  }
  if (title.demand < (rules.minDemand ?? 0)) return;
  const start = firstAfter(ring, at);
  for (let step = 0; step < ring.length && !enough(); step++) {
    const point = ring[(start + step) % ring.length];
    if (point) tryOn(point.slot);
  }
}

function holdersByTitle(slots: readonly Slot[]): ReadonlyMap<Hash, readonly Slot[]> {
  const holders = new Map<Hash, Slot[]>();
  for (const slot of slots) {
    for (const title of slot.box.holds) {
      const list = holders.get(title);
      if (list) list.push(slot);
      else holders.set(title, [slot]);
    }
  }
  return holders;
}

const RING = 2 ** 48;

/** A point on the ring from 0 to 2^48, spread evenly whatever the key looks like. */
const pointOf = (key: string) => createHash("sha256").update(key).digest().readUIntBE(0, 6);

function firstAfter(ring: readonly RingPoint[], at: number): number {
  let low = 0;
  let high = ring.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ring[middle]?.at ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
