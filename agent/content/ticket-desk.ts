/** Asks for tickets: for which title, how often, and which boxes are not wanted again. */
import { seal } from "../accounting/envelope.ts";
import type { AvoidReason, Environment, Sealed } from "../accounting/messages.ts";
import type { Clock } from "../core/clock.ts";
import { type Id, type PublicKey, toHex } from "../core/encoding.ts";
import { reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import { type Milliseconds, milliseconds, seconds, toUnixSeconds } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";
import type { Grants } from "./coordinator-client.ts";

/** Where tickets come from: the coordinator, or a test. */
export interface TicketSource {
  tickets(request: Sealed<"ticket-request">, signal?: AbortSignal): Promise<Grants>;
}

export interface TicketDeskOptions {
  readonly title: Sealed<"manifest">;
  readonly tickets: TicketSource;
  readonly signer: Signer;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Between two questions for tickets: at first, at most while boxes bring something, and while none does. */
const ASK_SOON = seconds(2);
const ASK_LATER = seconds(60);
const ASK_URGENT = seconds(8);
/** Boxes that are named as unwanted in one request; the coordinator takes no more. */
const MOST_AVOIDED = 16;

export class TicketDesk {
  readonly #options: TicketDeskOptions;
  readonly #avoid = new Map<PublicKey, AvoidReason>();
  #asked: Milliseconds | undefined;
  #askAgain = ASK_SOON;
  #fault: string | undefined;

  constructor(options: TicketDeskOptions) {
    this.#options = options;
  }

  /** Why the last question had no answer. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** True when nothing was asked yet, or since a box was given up. */
  get fresh(): boolean {
    return this.#asked === undefined;
  }

  avoids(box: PublicKey): boolean {
    return this.#avoid.has(box);
  }

  /** A box was given up: the next question may be asked at once, and does not want it for this reason. */
  gaveUp(box: PublicKey, reason: AvoidReason | undefined): void {
    if (reason) this.#avoid.set(box, reason);
    this.#asked = undefined;
    this.#askAgain = ASK_SOON;
  }

  /** Tickets for up to `wanted` boxes; undefined before it is time to ask again, or without an answer. */
  async ask(wanted: number, usable: number, signal: AbortSignal): Promise<Grants | undefined> {
    const { clock, log, tickets } = this.#options;
    if (this.#asked !== undefined && clock.monotonicMs() - this.#asked < this.#askAgain)
      return undefined;
    this.#asked = clock.monotonicMs();
    try {
      const grants = await tickets.tickets(this.#request(wanted), signal);
      this.#fault = undefined;
      return grants;
    } catch (fault) {
      if (signal.aborted) return undefined;
      if (this.#fault === undefined) log.warning("no tickets", { reason: reasonOf(fault) });
      this.#fault = reasonOf(fault);
      this.#backOff(usable);
      return undefined;
    }
  }

  /** Asking costs the coordinator a ticket each time: ever more rarely while nothing new comes. */
  brought(newBoxes: number, usable: number): void {
    if (newBoxes > 0) this.#askAgain = ASK_SOON;
    else this.#backOff(usable);
  }

  #backOff(usable: number): void {
    const longest = usable === 0 ? ASK_URGENT : ASK_LATER;
    this.#askAgain = milliseconds(Math.min(longest, this.#askAgain * 2));
  }

  #request(boxes: number): Sealed<"ticket-request"> {
    const { title, signer, environment, clock, random } = this.#options;
    const body = {
      viewer: signer.publicKey,
      title: title.hash,
      boxes,
      avoid: [...this.#avoid].slice(-MOST_AVOIDED).map(([box, reason]) => ({ box, reason })),
      nonce: toHex(random.bytes(16)) as Id,
      at: toUnixSeconds(clock.wallMs()),
    };
    return seal("ticket-request", body, signer, environment);
  }
}
