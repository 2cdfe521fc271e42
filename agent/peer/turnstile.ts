/** The admission queue in operation: requests wait here for their turn, and leave when their client does. */
import type { Server } from "bun";
import type { Clock } from "../core/clock.ts";
import { milliseconds } from "../core/units.ts";
import type { VerdictSource } from "../governor/verdict.ts";
import {
  Admission,
  type AdmissionLimits,
  type Bid,
  type Situation,
  type Turned,
} from "./admission.ts";

export interface TurnstileOptions {
  readonly verdict: VerdictSource;
  readonly clock: Clock;
  /** False where neither traffic control nor socket pacing is in force. */
  readonly kernelPaces: () => boolean;
  readonly limits?: AdmissionLimits;
}

export type Turn = "started" | "left" | Turned;

/** How often it is looked whether a stream has ended while requests wait: Bun tells only the count. */
const PUMP_PERIOD = milliseconds(5);

export class Turnstile {
  readonly #options: TurnstileOptions;
  readonly #admission: Admission<(turn: Turn) => void>;
  #server: Server<undefined> | undefined;
  #pumping = false;
  #aside = 0;

  constructor(options: TurnstileOptions) {
    this.#options = options;
    this.#admission = new Admission(options.limits);
  }

  get waiting(): number {
    return this.#admission.waiting;
  }

  /** Responses under way; those that wait for their turn are not among them. */
  get running(): number {
    const pending = this.#server?.pendingRequests ?? 0;
    return Math.max(0, pending - this.#admission.waiting - this.#aside);
  }

  /** What keeps a request pending without a response: Bun counts it, and it is no stream. */
  async aside<T>(work: Promise<T>): Promise<T> {
    this.#aside++;
    try {
      return await work;
    } finally {
      this.#aside--;
    }
  }

  /** Called within the handler of the request that asks; at once where nothing has to be waited for. */
  enter(server: Server<undefined>, bid: Bid, signal: AbortSignal): Turn | Promise<Turn> {
    this.#server = server;
    const { promise, resolve } = Promise.withResolvers<Turn>();
    const offer = this.#admission.offer(bid, resolve, this.#situation(1));
    if (offer.kind === "start") return "started";
    if (offer.kind === "refuse") return offer;
    signal.addEventListener("abort", () => {
      this.#admission.leave(offer.place);
      resolve("left");
    });
    this.#keepPumping();
    return promise;
  }

  /** Starts what may start, and turns away what waited too long or may not be served any more. */
  pump(): void {
    const now = this.#situation(0);
    for (const place of this.#admission.expired(now)) place.token(place.answer);
    for (const place of this.#admission.next(now)) place.token("started");
  }

  #situation(asking: 0 | 1): Situation {
    return {
      nowMs: this.#options.clock.monotonicMs(),
      verdict: this.#options.verdict.current,
      running: Math.max(0, this.running - asking),
      kernelPaces: this.#options.kernelPaces(),
    };
  }

  async #keepPumping(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#admission.waiting > 0) {
      await this.#options.clock.sleep(PUMP_PERIOD);
      this.pump();
    }
    this.#pumping = false;
  }
}
