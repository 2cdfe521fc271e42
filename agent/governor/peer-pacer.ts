/** Gives the peers' connections what the decision allows, and cuts those that must not go on. */
import type { PeerFlow, PeerReading, PeerSockets } from "../../hardware/sockets.ts";
import { type BitsPerSecond, bitsPerSecond } from "../core/units.ts";
import {
  type Allocation,
  allocate,
  type Before,
  isBusy,
  isSettled,
  nothingBefore,
} from "./allocation.ts";
import { hasEnded } from "./turns.ts";
import type { Sharing, Verdict } from "./verdict.ts";

/** What is left to a connection while nothing may be shared, until it is cut. */
const HELD_RATE = bitsPerSecond(8000);
/** Requests that run when sharing is held get this long before they are cut. */
const CUT_AFTER_MS = 5000;
/** A connection without anything to send is ended after this; a request waits 15 s for its turn at most. */
const QUIET_MS = 20_000;
/** Where a response has ended so lately, or all were slow, the next one may end soon. */
const TURNING_MS = 2000;
/** What nothing changes is said again after this, for the size of a connection's segments may have changed. */
const AGAIN_MS = 1000;

interface Given {
  readonly rate: BitsPerSecond;
  readonly at: number;
  readonly allocation: Allocation;
}

export class PeerPacer {
  readonly #sockets: PeerSockets;
  #before: Before = nothingBefore;
  #turnedAt = Number.NEGATIVE_INFINITY;
  #heldSince: number | undefined;
  #given: Given | undefined;
  #passesAt = Number.POSITIVE_INFINITY;

  constructor(sockets: PeerSockets) {
    this.#sockets = sockets;
  }

  /** When the next turn passes, as far as is known; never, where turns are long. */
  get passesAt(): number {
    return this.#passesAt;
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
      this.#given = undefined;
      this.#passesAt = Number.POSITIVE_INFINITY;
      this.#hold(flows, at);
      return;
    }
    this.#heldSince = undefined;
    if (!makesRoom && this.#isGiven(flows, verdict, at)) return;
    if (makesRoom || hasEnded(flows, this.#before.turns)) this.#turnedAt = at;
    const turning = this.isTurning(at) ? "often" : "seldom";
    const passing = makesRoom ? "never" : turning;
    const { rate, maxStreams } = verdict;
    const allocation = allocate(flows, rate, maxStreams, at, this.#before, passing);
    this.#given = passing === "seldom" ? { rate, at, allocation } : undefined;
    this.#passesAt = passing === "often" ? at + allocation.endsIn : Number.POSITIVE_INFINITY;
    this.#before = allocation;
    for (const [id, rate] of allocation.rates) this.#sockets.pace(id, rate);
    this.#sockets.paceNew(allocation.fresh);
  }

  #isGiven(flows: readonly PeerFlow[], { rate, maxStreams }: Sharing, at: number): boolean {
    const given = this.#given;
    if (given?.rate !== rate || at - given.at > AGAIN_MS) return false;
    return isSettled(flows, maxStreams, given.allocation);
  }

  #hold(flows: readonly PeerFlow[], at: number): void {
    this.#heldSince ??= at;
    const cut = at - this.#heldSince > CUT_AFTER_MS;
    this.#sockets.paceNew(HELD_RATE);
    for (const flow of flows) {
      if (cut && isBusy(flow)) this.#sockets.cut(flow.id);
      else this.#sockets.pace(flow.id, HELD_RATE);
    }
    const rates = new Map(flows.map(({ id }) => [id, HELD_RATE] as const));
    this.#before = { ...this.#before, rates };
  }
}
