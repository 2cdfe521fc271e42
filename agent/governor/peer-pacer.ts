/** Gives the peers' connections what the decision allows, and cuts those that must not go on. */
import type { PeerFlow, PeerReading, PeerSockets } from "../../hardware/sockets.ts";
import { bitsPerSecond } from "../core/units.ts";
import { allocate, isBusy } from "./allocation.ts";
import { isSameTurn, type Turns } from "./turns.ts";
import type { Verdict } from "./verdict.ts";

/** What is left to a connection while nothing may be shared, until it is cut. */
const HELD_RATE = bitsPerSecond(8000);
/** Requests that run when sharing is held get this long before they are cut. */
const CUT_AFTER_MS = 5000;
/** A connection without anything to send is ended after this; a request waits 15 s for its turn at most. */
const QUIET_MS = 20_000;
/** Where a turn has passed so lately, the next one may soon. */
const TURNING_MS = 1000;
/** As a response ends its part of the rate lies idle until the turn passes: the others get it, this much at most. */
const MOST_MADE_UP = 1.03;
const MADE_UP_OVER_MS = 1000;

export class PeerPacer {
  readonly #sockets: PeerSockets;
  #turns: Turns = new Map();
  #turnedAt = Number.NEGATIVE_INFINITY;
  #heldSince: number | undefined;
  /** What was given and what left, in bytes of about the last second. */
  #filled = { at: 0, rate: 0, made: 1, sent: 0, given: 0, left: 0 };

  constructor(sockets: PeerSockets) {
    this.#sockets = sockets;
  }

  /** Whether turns pass often, as they do when responses are short. */
  isTurning(at: number): boolean {
    return at - this.#turnedAt < TURNING_MS;
  }

  /** @param makesRoom see `allocate`. */
  pace(reading: PeerReading, verdict: Verdict, makesRoom: boolean, at: number): void {
    const { flows } = reading;
    for (const flow of flows) {
      if (flow.quiet > QUIET_MS && !isBusy(flow)) this.#sockets.cut(flow.id);
    }
    if (verdict.state !== "sharing") {
      this.#hold(flows, at);
      return;
    }
    this.#heldSince = undefined;
    const rate = bitsPerSecond(verdict.rate * this.#makeUp(reading, verdict.rate, at));
    const given = allocate(flows, rate, at, this.#turns, makesRoom);
    if (!isSameTurn(this.#turns, given.turns)) this.#turnedAt = at;
    this.#turns = given.turns;
    for (const [id, rate] of given.rates) this.#sockets.pace(id, rate);
    this.#sockets.paceNew(given.fresh);
  }

  /** By how much more than the rate is to be given for the rate to leave. */
  #makeUp({ sent }: PeerReading, rate: number, at: number): number {
    const last = this.#filled;
    const passed = at - last.at;
    const fade = Math.exp(-passed / MADE_UP_OVER_MS);
    // Another rate, or nobody who would take his turn: what did not leave was not left by turns.
    const same = this.isTurning(at) && Math.abs(rate - last.rate) < 0.1 * rate;
    const given = same ? fade * last.given + (last.made * last.rate * passed) / 8000 : 0;
    const left = same ? fade * last.left + (sent - last.sent) : 0;
    const made = left > 0 ? Math.min(MOST_MADE_UP, Math.max(1, given / left)) : 1;
    this.#filled = { at, rate, made, sent, given, left };
    return made;
  }

  #hold(flows: readonly PeerFlow[], at: number): void {
    this.#heldSince ??= at;
    const cut = at - this.#heldSince > CUT_AFTER_MS;
    this.#sockets.paceNew(HELD_RATE);
    for (const flow of flows) {
      if (cut && isBusy(flow)) this.#sockets.cut(flow.id);
      else this.#sockets.pace(flow.id, HELD_RATE);
    }
  }
}
