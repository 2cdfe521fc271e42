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
import { RunningStreams, type Stream } from "./running-streams.ts";

export interface TurnstileOptions {
  readonly verdict: VerdictSource;
  readonly clock: Clock;
  /** False where neither traffic control nor socket pacing is in force. */
  readonly kernelPaces: () => boolean;
  readonly limits?: AdmissionLimits;
}

/** The stream that was begun; or the client has gone, or it is turned away. */
export type Turn = Stream | "left" | Turned;

/** Whoever waits is told; who need not wait is not asked for a way to be told. */
interface Waiter {
  tell: ((turn: "started" | Turned) => void) | undefined;
}

/** How often it is looked whether a stream has ended while requests wait. */
const PUMP_PERIOD = milliseconds(5);

export class Turnstile {
  readonly #options: TurnstileOptions;
  readonly #admission: Admission<Waiter>;
  readonly #streams = new RunningStreams();
  #pumping = false;

  constructor(options: TurnstileOptions) {
    this.#options = options;
    this.#admission = new Admission(options.limits);
  }

  get waiting(): number {
    return this.#admission.waiting;
  }

  /** Responses under way; those that wait for their turn are not among them. */
  get running(): number {
    return this.#streams.count;
  }

  /** Called within the handler of the request that asks; at once where nothing has to be waited for. */
  enter(server: Server<undefined>, bid: Bid, request: Request): Turn | Promise<Turn> {
    const waiter: Waiter = { tell: undefined };
    const offer = this.#admission.offer(bid, waiter, this.#situation());
    if (offer.kind === "refuse") return offer;
    if (offer.kind === "start") return this.#streams.begin(bid.viewer, request, server);
    const { promise, resolve } = Promise.withResolvers<Turn>();
    waiter.tell = (turn) =>
      resolve(turn === "started" ? this.#streams.begin(bid.viewer, request, server) : turn);
    offer.displaced?.token.tell?.(offer.displaced.answer);
    request.signal.addEventListener("abort", () => {
      this.#admission.leave(offer.place);
      resolve("left");
    });
    this.#keepPumping();
    return promise;
  }

  /** Tells of streams that have ended. */
  settle(): void {
    this.#streams.settle();
  }

  /** Starts what may start, and turns away what waited too long or may not be served any more. */
  pump(): void {
    const now = this.#situation();
    for (const place of this.#admission.expired(now)) place.token.tell?.(place.answer);
    for (let next = this.#admission.next(now); next; next = this.#admission.next(now)) {
      next.token.tell?.("started");
    }
  }

  #situation(): Situation {
    return {
      nowMs: this.#options.clock.monotonicMs(),
      verdict: this.#options.verdict.current,
      streams: this.#streams,
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
