/**
 * Which waiting request starts next: as many streams as the governor allows, the viewer that got
 * least goes first, and the queue is bounded. Pure: time, verdict and the number of streams that run
 * are handed in.
 */
import type { Verdict } from "../governor/verdict.ts";
import { type AnswerCode, retryWhenHeld } from "./answers.ts";

export interface AdmissionLimits {
  /** Requests that wait in all, and of one viewer. */
  readonly waiting: number;
  readonly waitingPerViewer: number;
  readonly longestWaitMs: number;
  /**
   * When nothing was started for so long while others wait, slow readers hold the streams: one more is
   * started, up to twice what the governor allows, and for viewers that have none up to `stalledStreams`.
   */
  readonly stallMs: number;
  readonly stalledStreams: number;
}

export const defaultAdmissionLimits: AdmissionLimits = {
  waiting: 64,
  waitingPerViewer: 8,
  longestWaitMs: 15_000,
  stallMs: 4_000,
  stalledStreams: 32,
};

export interface Situation {
  readonly nowMs: number;
  readonly verdict: Verdict;
  /** Responses that are under way. */
  readonly streams: {
    fewerThan(most: number): boolean;
    has(viewer: string): boolean;
  };
  /** False where nothing below paces: starts are then spread so that the mean rate holds. */
  readonly kernelPaces: boolean;
}

export interface Bid {
  /** Whom fairness counts: the ticket's viewer, or an address where there is no ticket. */
  readonly viewer: string;
  readonly bytes: number;
}

export type Offer<T> =
  | { readonly kind: "start" }
  | { readonly kind: "wait"; readonly place: Waiting<T>; readonly displaced?: Displaced<T> }
  | Turned;

export interface Turned {
  readonly kind: "refuse";
  readonly status: 429 | 503;
  readonly code: AnswerCode;
  readonly retryAfterS: number;
}

export interface Waiting<T> {
  readonly bid: Bid;
  readonly since: number;
  /** What the caller wants back when the turn comes. */
  readonly token: T;
}

/** One that lost its place in a full queue to a viewer that had fewer. */
export type Displaced<T> = Waiting<T> & { readonly answer: Turned };

const refuse = (status: 429 | 503, code: AnswerCode, retryAfterS: number): Turned => ({
  kind: "refuse",
  status,
  code,
  retryAfterS,
});

export class Admission<T> {
  readonly #limits: AdmissionLimits;
  #waiting: Waiting<T>[] = [];
  /** Start-time fair queueing: each viewer's virtual time is the bytes it was started with. */
  readonly #served = new Map<string, number>();
  #virtualTime = 0;
  #lastStart = 0;
  /** Bytes started and, at the verdict's rate, not yet sent; see `payDown`. */
  #debt = 0;
  #debtAt = 0;

  constructor(limits: AdmissionLimits = defaultAdmissionLimits) {
    this.#limits = limits;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  offer(bid: Bid, token: T, now: Situation): Offer<T> {
    const { verdict } = now;
    if (verdict.state === "held") return refuse(503, "not-sharing", retryWhenHeld(verdict));
    if (this.#waiting.length === 0 && this.#hasRoom(now)) {
      this.#start(bid, now);
      return { kind: "start" };
    }
    const mine = this.#placesOf(bid.viewer).length;
    if (mine >= this.#limits.waitingPerViewer) return refuse(429, "too-many-requests", 2);
    const busy = refuse(503, "busy", this.#drainSeconds(verdict.rate));
    const displaced = this.#waiting.length < this.#limits.waiting ? undefined : this.#surplus(mine);
    if (displaced) this.leave(displaced);
    if (this.#waiting.length >= this.#limits.waiting) return busy;
    const place = { bid, since: now.nowMs, token };
    this.#waiting.push(place);
    return { kind: "wait", place, ...(displaced && { displaced: { ...displaced, answer: busy } }) };
  }

  #placesOf(viewer: string): readonly Waiting<T>[] {
    return this.#waiting.filter((place) => place.bid.viewer === viewer);
  }

  /** The newest place of the viewer with the most, where one who has `mine` would still have fewer. */
  #surplus(mine: number): Waiting<T> | undefined {
    const viewers = new Set(this.#waiting.map((place) => place.bid.viewer));
    const places = [...viewers].map((viewer) => this.#placesOf(viewer));
    const most = places.reduce((a, b) => (b.length > a.length ? b : a), []);
    return most.length > mine + 1 ? most.at(-1) : undefined;
  }

  /** Viewers whose share is remembered; bounded. */
  get remembered(): number {
    return this.#served.size;
  }

  /** Whose turn has come; ask again, when it has started, until nobody's has. */
  next(now: Situation): Waiting<T> | undefined {
    if (this.#waiting.length === 0) return undefined;
    const place = this.#hasRoom(now) ? this.#fairest(this.#waiting) : this.#stalled(now);
    if (!place) return undefined;
    this.leave(place);
    this.#start(place.bid, now);
    return place;
  }

  /** Those that waited too long, or all of them while nothing is shared. */
  expired(now: Situation): readonly (Waiting<T> & { readonly answer: Turned })[] {
    const { verdict } = now;
    const answer =
      verdict.state === "held"
        ? refuse(503, "not-sharing", retryWhenHeld(verdict))
        : refuse(503, "busy", this.#drainSeconds(verdict.rate));
    const over = this.#waiting.filter(
      (place) => verdict.state === "held" || now.nowMs - place.since >= this.#limits.longestWaitMs,
    );
    for (const place of over) this.leave(place);
    return over.map((place) => ({ ...place, answer }));
  }

  /** The client has gone, or was answered otherwise. */
  leave(place: Waiting<T>): void {
    this.#waiting = this.#waiting.filter((other) => other !== place);
  }

  #hasRoom({ verdict, streams, nowMs, kernelPaces }: Situation): boolean {
    if (verdict.state === "held") return false;
    if (!kernelPaces && this.#payDown(nowMs, verdict.rate) > 0) return false;
    return streams.fewerThan(verdict.maxStreams);
  }

  /** Who may start although slow readers hold all streams. */
  #stalled({ verdict, streams, nowMs, kernelPaces }: Situation): Waiting<T> | undefined {
    if (verdict.state === "held" || nowMs - this.#lastStart < this.#limits.stallMs)
      return undefined;
    if (!kernelPaces && this.#debt > 0) return undefined;
    if (!streams.fewerThan(this.#limits.stalledStreams)) return undefined;
    const without = this.#waiting.filter((place) => !streams.has(place.bid.viewer));
    if (without.length > 0) return this.#fairest(without);
    return streams.fewerThan(2 * verdict.maxStreams) ? this.#fairest(this.#waiting) : undefined;
  }

  #start(bid: Bid, now: Situation): void {
    const before = Math.max(this.#served.get(bid.viewer) ?? 0, this.#virtualTime);
    this.#virtualTime = before;
    this.#served.set(bid.viewer, before + bid.bytes);
    if (this.#served.size > 4 * this.#limits.waiting) this.#forget();
    this.#lastStart = now.nowMs;
    if (!now.kernelPaces) this.#debt += bid.bytes;
  }

  #fairest(places: readonly Waiting<T>[]): Waiting<T> | undefined {
    const turn = (place: Waiting<T>) =>
      Math.max(this.#served.get(place.bid.viewer) ?? 0, this.#virtualTime);
    const [first] = places;
    return (
      first && places.reduce((best, place) => (turn(place) < turn(best) ? place : best), first)
    );
  }

  /** Viewers whose virtual time has passed are as good as new. */
  #forget(): void {
    for (const [viewer, time] of this.#served) {
      if (time <= this.#virtualTime) this.#served.delete(viewer);
    }
    for (const viewer of this.#served.keys()) {
      if (this.#served.size <= 4 * this.#limits.waiting) break;
      this.#served.delete(viewer);
    }
  }

  #payDown(nowMs: number, rate: number): number {
    this.#debt = Math.max(0, this.#debt - ((nowMs - this.#debtAt) * rate) / 8000);
    this.#debtAt = nowMs;
    return this.#debt;
  }

  #drainSeconds(rate: number): number {
    const queued = this.#waiting.reduce((sum, place) => sum + place.bid.bytes, 0);
    return Math.min(60, Math.max(1, Math.ceil((queued * 8) / Math.max(1, rate))));
  }
}
