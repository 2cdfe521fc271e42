/** What the peers really got: rates over short windows from cumulative counters. */
import { newerThan } from "./delay.ts";
import type { PeerSample } from "./sample.ts";

const KEPT_MS = 1500;

export interface DeliveryPoint {
  readonly at: number;
  readonly acknowledged: number;
  readonly sent: number;
  readonly retransmitted: number;
  readonly marked: number;
  /** Rate that was asked for until this point. */
  readonly asked: number;
}

export type Delivery = readonly DeliveryPoint[];

export function observeDelivery(
  points: Delivery,
  at: number,
  peers: PeerSample,
  asked: number,
): Delivery {
  const { acknowledged, sent, retransmitted, marked } = peers;
  const kept = newerThan(points, at - KEPT_MS);
  return [...kept, { at, acknowledged, sent, retransmitted, marked, asked }];
}

/** Bits per second acknowledged over about the last `window` milliseconds; undefined when unknown. */
export function deliveredRate(points: Delivery, at: number, window: number): number | undefined {
  const last = points.at(-1);
  const first = points.findLast((point) => point.at <= at - window) ?? points[0];
  if (!last || !first || last.at - first.at < window * 0.6) return undefined;
  return ((last.acknowledged - first.acknowledged) * 8000) / (last.at - first.at);
}

/** The least rate that was asked for between `from` and `to` milliseconds ago. */
export function leastAsked(points: Delivery, at: number, from: number, to: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = points.length - 1; i >= 0; i--) {
    const point = points[i];
    if (!point || point.at < at - from) break;
    if (point.at <= at - to) least = Math.min(least, point.asked);
  }
  return Number.isFinite(least) ? least : 0;
}

/** The most that arrived since `from`, in bits per second over any `window` milliseconds; 0 when unknown. */
export function mostDelivered(points: Delivery, from: number, window: number): number {
  let most = 0;
  for (const [i, last] of points.entries()) {
    const first = points.slice(0, i).findLast((point) => point.at <= last.at - window);
    if (!first || first.at < from) continue;
    most = Math.max(most, ((last.acknowledged - first.acknowledged) * 8000) / (last.at - first.at));
  }
  return most;
}

/**
 * The least that left, in bits per second over any `window` that ended between `from` and `to` milliseconds
 * ago: what never left cannot have been kept by anybody. Undefined when unknown.
 */
export function leastSent(
  points: Delivery,
  at: number,
  from: number,
  to: number,
  window: number,
): number | undefined {
  let least: number | undefined;
  for (const last of newerThan(points, at - from)) {
    if (last.at > at - to) break;
    const first = points.findLast((point) => point.at <= last.at - window);
    if (!first) continue;
    const sent = ((last.sent - first.sent) * 8000) / (last.at - first.at);
    least = Math.min(least ?? sent, sent);
  }
  return least;
}

/**
 * Bits by which more has left than was asked for, as they would stand in front of the line: the most since just before
 * `since`, counted from `from` on. TCP catches up with what it was late with, and turns overlap.
 */
export function mostExcess(points: Delivery, from: number, since: number): number {
  const within = newerThan(points, from);
  let excess = 0;
  let most = 0;
  for (const [i, point] of within.entries()) {
    const before = within[i - 1];
    if (!before) continue;
    const left = (point.sent - before.sent) * 8 - (point.asked * (point.at - before.at)) / 1000;
    excess = Math.max(0, excess + left);
    if ((within[i + 1]?.at ?? Number.POSITIVE_INFINITY) > since) most = Math.max(most, excess);
  }
  return most;
}

/**
 * Part of what was asked for over the last `window` milliseconds that never left, as between two turns;
 * 0 when unknown.
 */
export function unsentPart(points: Delivery, at: number, window: number): number {
  const within = newerThan(points, at - window);
  let asked = 0;
  for (let i = 1; i < within.length; i++) {
    const [from, to] = [within[i - 1], within[i]];
    if (from && to) asked += (to.asked * (to.at - from.at)) / 8000;
  }
  const sent = (within.at(-1)?.sent ?? 0) - (within[0]?.sent ?? 0);
  return asked > 0 ? Math.max(0, 1 - sent / asked) : 0;
}

/** The most that was asked for in the last `window` milliseconds, up to `to` milliseconds ago; 0 when unknown. */
export function mostAsked(points: Delivery, at: number, window: number, to = 0): number {
  const until = points.filter((point) => point.at <= at - to);
  // Between two looks that are far apart it is what was said last.
  const asked = [...newerThan(until, at - window), ...until.slice(-1)].map((point) => point.asked);
  return Math.max(0, ...asked);
}

/** Segments lost (sent again) and marked, and how many were sent, over the last `window`. */
export function losses(points: Delivery, at: number, window: number) {
  const last = points.at(-1);
  const first = newerThan(points, at - window)[0];
  if (!last || !first) return { lost: 0, marked: 0, segments: 0 };
  return {
    lost: last.retransmitted - first.retransmitted,
    marked: last.marked - first.marked,
    segments: (last.sent - first.sent) / 1500,
  };
}
