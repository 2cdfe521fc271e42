/**
 * Queueing delay of the uplink from delay probes: each place's delay above its own recent minimum,
 * and of several places the least, because only the home's line is common to all of them.
 */
import type { DelaySample } from "./sample.ts";

/** The minimum is kept over six slices of ten seconds. */
const SLICE_MS = 10_000;
const SLICES = 6;
/** A place's answer speaks for this long. */
const FRESH_MS = 80;
/** A place that has not answered for this long is not waited for any more. */
const HEARD_MS = 2000;
/** A queue that none of so many samples was without is no noise. */
const STANDING_SAMPLES = 6;
/** Queue samples are kept this long. */
export const HISTORY_MS = 1500;

interface Slice {
  readonly start: number;
  readonly rtt: number;
  readonly outward: number;
}

export interface Place {
  readonly slices: readonly Slice[];
  readonly base: number;
  readonly last: {
    readonly at: number;
    readonly sentAt: number;
    readonly queue: number;
    readonly back: number;
  };
}

export interface QueueSample {
  readonly at: number;
  /** When the probe left: older than a change of rate means it says nothing about it. */
  readonly sentAt: number;
  /** Milliseconds of queue on the way out. */
  readonly queue: number;
  /** Milliseconds of queue on the way back, where the two can be told apart; else 0. */
  readonly back: number;
}

export interface DelayState {
  readonly places: Readonly<Record<string, Place>>;
  /** The line's queue, oldest first. */
  readonly queue: readonly QueueSample[];
  /** Mean difference of neighbouring samples: noise of the path, blind to a standing queue. */
  readonly jitter: number;
  readonly answeredAt: number;
}

export const noDelays = (at: number): DelayState => ({
  places: {},
  queue: [],
  jitter: 0.5,
  answeredAt: at,
});

/** What we do meanwhile, for much of what is seen is our own doing. */
export interface OwnDoing {
  /** What our own segments alone may wait for one another, in milliseconds. */
  readonly burst?: number;
  /** We take so much of the line that it swings by itself: that is no noise of the path. */
  readonly loaded?: boolean;
  /** The line itself changes: what a place said before does not count, and no difference is noise. */
  readonly inTurn?: boolean;
}

/** Takes the replies of one tick in. */
export function observeDelays(
  state: DelayState,
  delays: readonly DelaySample[],
  at: number,
  { burst = 0, loaded = false, inTurn = false }: OwnDoing = {},
): DelayState {
  if (delays.length === 0) return { ...state, queue: recent(state.queue, at) };
  const places = { ...state.places };
  let jitter = state.jitter;
  for (const sample of delays) {
    const before = places[sample.target];
    const place = observePlace(before, sample);
    places[sample.target] = place;
    // What stands or swings above this is a queue of somebody's, not the path's noise.
    const calm = Math.max(12, 3 * jitter);
    if (!inTurn && before && before.last.queue < calm && place.last.queue < calm) {
      const difference = Math.abs(place.last.queue - before.last.queue) - burst;
      const most = loaded || stands(state.queue, jitter) ? jitter : Number.POSITIVE_INFINITY;
      jitter = learnJitter(jitter, Math.min(most, Math.max(0, difference)));
    }
  }
  const heard = inTurn
    ? delays.flatMap(({ target }) => places[target] ?? [])
    : Object.values(places);
  const fresh = heard.filter((place) => at - place.last.at <= FRESH_MS);
  const least = fresh.reduce((a, b) => (b.last.queue < a.last.queue ? b : a), fresh[0] as Place);
  const queue = least
    ? [...recent(state.queue, at), { ...least.last, at }]
    : recent(state.queue, at);
  return { places, queue, jitter, answeredAt: at };
}

/** Forgets the minima: the route has changed, or a queue stood for as long as they reach back. */
export function rebase(state: DelayState): DelayState {
  return { ...state, places: {}, queue: [] };
}

/** Round-trip time of the nearest place that answers, without any queue; undefined before the first answer. */
export function baseRtt({ places, answeredAt }: DelayState): number | undefined {
  const heard = Object.values(places).filter(({ last }) => answeredAt - last.at <= HEARD_MS);
  const bases = heard.map((place) => place.base);
  return bases.length > 0 ? Math.min(...bases) : undefined;
}

/** The p-quantile of the queue over the last `window` milliseconds; undefined with no samples. */
export function queueQuantile(
  state: DelayState,
  at: number,
  window: number,
  p: number,
): number | undefined {
  const values = newerThan(state.queue, at - window).map((s) => s.queue);
  if (values.length === 0) return undefined;
  values.sort((a, b) => a - b);
  return values[Math.min(values.length - 1, Math.floor(values.length * p))];
}

/** Milliseconds of queue on the way back of late: the answers of the next probes wait there, and the peers'. */
export const queueBack = ({ queue }: DelayState): number =>
  Math.max(0, ...queue.slice(-12).map(({ back }) => back));

/** Whether the last samples, at least so many and over so many milliseconds, were all below a bound. */
export function isClear(
  queue: readonly QueueSample[],
  bound: number,
  { samples, duration }: { readonly samples: number; readonly duration: number },
): boolean {
  const clear = queue.slice(queue.findLastIndex((sample) => sample.queue >= bound) + 1);
  const [first, last] = [clear[0], clear.at(-1)];
  if (!first || !last || clear.length < samples) return false;
  return last.sentAt - first.sentAt >= duration;
}

function observePlace(before: Place | undefined, sample: DelaySample): Place {
  const at = sample.sentAt + sample.rtt;
  const outward = sample.outward ?? Number.POSITIVE_INFINITY;
  const slices = addToSlices(before?.slices ?? [], at, sample.rtt, outward);
  const base = Math.min(...slices.map((slice) => slice.rtt));
  const there = Math.min(...slices.map((slice) => slice.outward));
  const around = sample.rtt - base;
  // Clocks drift apart, so the one-way figure may only lower the estimate, never raise it.
  const queue = sample.outward === undefined ? around : Math.min(around, sample.outward - there);
  return { slices, base, last: { at, sentAt: sample.sentAt, queue, back: around - queue } };
}

function addToSlices(slices: readonly Slice[], at: number, rtt: number, outward: number): Slice[] {
  const start = Math.floor(at / SLICE_MS) * SLICE_MS;
  const kept = slices.filter((slice) => slice.start > start - SLICES * SLICE_MS);
  const current = kept.at(-1);
  if (current?.start !== start) return [...kept, { start, rtt, outward }];
  return [
    ...kept.slice(0, -1),
    { start, rtt: Math.min(current.rtt, rtt), outward: Math.min(current.outward, outward) },
  ];
}

/** Noise comes back to nothing again and again, a queue of somebody's does not. */
function stands(queue: readonly QueueSample[], jitter: number): boolean {
  const last = queue.slice(-STANDING_SAMPLES).map((sample) => sample.queue);
  return last.length === STANDING_SAMPLES && Math.min(...last) > 2 + jitter;
}

/** Quick up, slow down; jumps are queues, not noise. */
function learnJitter(jitter: number, difference: number): number {
  const bounded = Math.min(difference, 3 * jitter + 2);
  return jitter + (bounded > jitter ? 0.02 : 0.0004) * (bounded - jitter);
}

const recent = (queue: readonly QueueSample[], at: number) => newerThan(queue, at - HISTORY_MS);

/** The end of a history, oldest first, from a time on: this runs at each tick. */
export function newerThan<T extends { readonly at: number }>(
  history: readonly T[],
  from: number,
): readonly T[] {
  let first = history.length;
  while (first > 0 && (history[first - 1]?.at ?? 0) >= from) first--;
  return first === 0 ? history : history.slice(first);
}
