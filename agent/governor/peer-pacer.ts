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

export class PeerPacer {
  readonly #sockets: PeerSockets;
  #turns: Turns = new Map();
  #turnedAt = Number.NEGATIVE_INFINITY;
  #heldSince: number | undefined;

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
    const given = allocate(flows, verdict.rate, at, this.#turns, makesRoom);
    if (!isSameTurn(this.#turns, given.turns)) this.#turnedAt = at;
    this.#turns = given.turns;
    for (const [id, rate] of given.rates) this.#sockets.pace(id, rate);
    this.#sockets.paceNew(given.fresh);
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
