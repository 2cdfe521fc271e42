/**
 * One box (or the origin) in a fetch: how much may be asked of it at a time, and what its answers say
 * about it. Decisions only; requests are the box link's, and which chunk comes next the schedule's.
 */
import type { AvoidReason } from "../accounting/messages.ts";
import type { PublicKey } from "../core/encoding.ts";
import { assertNever } from "../core/errors.ts";
import { type Milliseconds, milliseconds, seconds } from "../core/units.ts";
import type { BoxLink, RunOutcome } from "./box-link.ts";
import { type ChunkRef, type ChunkRun, refsOf } from "./chunks.ts";
import type { BoxTally } from "./fetch-tally.ts";
import type { Source } from "./schedule.ts";

/** Requests at once to one box; the third only bridges the end of the first. */
export const LANES = 3;
/** Most bytes of one request: two of them stay inside the window a box gives a stranger. */
const MOST_PER_REQUEST = 768 * 1024;
/**
 * The next request goes out when what is still to come from a box takes it no longer than this, within
 * these bytes: its line never idles for a round trip, and it hoards nothing that others could bring.
 */
const ASK_WITHIN_MS = 250;
const ASK_BELOW = 512 * 1024;
const ASK_ALWAYS = 32 * 1024;
/** A request to a slow box should not take longer than this, so that plans can change. */
const REQUEST_SECONDS = 1;
/** A ticket that was not used for so long may have run out before its first use. */
const STALE_TICKET = seconds(500);
/** How long a box is left alone after it stalled or failed the first time. */
const BREATHER = seconds(1);
/** Stalls or failures after which a box is given up. */
const PATIENCE = 2;

/** Why a box is given up. Without a reason it may come back with a new ticket. */
export interface GivenUp {
  readonly reason: AvoidReason | undefined;
}

/** What is to be known of the connection to the box. */
export interface SourceLink {
  readonly id: PublicKey;
  /** Bytes per second it gave lately. */
  readonly rate: number;
  /** Bytes that may still be asked for with its ticket. */
  readonly allowance: number;
  readonly grant: { readonly addresses: readonly string[] };
  slowDown(): void;
}

export class SourceBox<L extends SourceLink = BoxLink> {
  readonly link: L;
  readonly origin: boolean;
  readonly tally: BoxTally;
  readonly #lacking = new Set<string>();
  /** When its ticket came. */
  readonly #since: Milliseconds;
  /** Set by a box that is busy or wants receipts: one request at a time. */
  #single = false;
  /** Bytes asked for and not yet here. */
  #outstanding = 0;
  #strikes = 0;
  #quietUntil: Milliseconds;

  constructor(link: L, origin: boolean, tally: BoxTally, now: Milliseconds) {
    this.link = link;
    this.origin = origin;
    this.tally = tally;
    this.#since = now;
    this.#quietUntil = now;
  }

  get id(): PublicKey {
    return this.link.id;
  }

  /** How long it is to be left alone; 0 when it may be asked. */
  quietFor(now: Milliseconds): Milliseconds {
    return milliseconds(Math.max(0, this.#quietUntil - now));
  }

  /** True when so little is still to come that the next request may go out. */
  get free(): boolean {
    return this.#outstanding <= this.#mayRemain;
  }

  /** Bytes are asked for. */
  asked(amount: number): void {
    this.#outstanding += amount;
  }

  /** Bytes came, or will not come any more; true when that is what makes it free. */
  came(amount: number): boolean {
    const before = this.#outstanding;
    this.#outstanding -= amount;
    const limit = this.#mayRemain;
    return before > limit && this.#outstanding <= limit;
  }

  /** As the schedule sees it now. */
  get asSource(): Source {
    const { id, rate, allowance } = this.link;
    return {
      id,
      rate,
      most: Math.min(MOST_PER_REQUEST, rate * REQUEST_SECONDS, allowance),
      lastResort: this.origin,
      lacks: (ref) => this.#lacking.has(keyOf(ref)),
    };
  }

  /** Learns from how a request ended; says so when the box is to be given up. */
  judge(run: ChunkRun, outcome: RunOutcome, now: Milliseconds): GivenUp | undefined {
    switch (outcome.kind) {
      case "done":
        this.#strikes = 0;
        return undefined;
      case "stopped":
        return undefined;
      case "not-held":
        for (const ref of refsOf(run)) this.#lacking.add(keyOf(ref));
        return undefined;
      case "busy":
        this.#single = true;
        this.#quietUntil = milliseconds(now + outcome.wait);
        return undefined;
      case "receipts-due":
        this.#single = true;
        return this.#strike("used-up", now);
      case "ticket-refused":
        // It ran out; or the box wants none of ours, and asking for another one is no use.
        return { reason: this.#mayHaveRunOut(now) ? undefined : "used-up" };
      case "garbled":
        this.tally.badChunks++;
        return { reason: "garbled" };
      case "wrong-key":
        return { reason: "wrong-key" };
      case "stalled":
        this.link.slowDown();
        return this.#strike("slow", now);
      case "failed":
        return this.#strike("unreachable", now);
      default:
        return assertNever(outcome);
    }
  }

  /** Bytes that may still be to come when the next request goes out. */
  get #mayRemain(): number {
    if (this.#single) return 0;
    const rate = Math.max(this.link.rate, this.tally.rate);
    return Math.min(ASK_BELOW, Math.max(ASK_ALWAYS, (rate * ASK_WITHIN_MS) / 1000));
  }

  #mayHaveRunOut(now: Milliseconds): boolean {
    return this.tally.bytes > 0 || now - this.#since > STALE_TICKET;
  }

  #strike(reason: AvoidReason, now: Milliseconds): GivenUp | undefined {
    this.#strikes++;
    this.#quietUntil = milliseconds(now + BREATHER);
    // Each address of a box gets its chance; all lanes may fail of one cause.
    const patience = PATIENCE * LANES + this.link.grant.addresses.length - 1;
    return this.#strikes > patience ? { reason } : undefined;
  }
}

const keyOf = (ref: ChunkRef) => `${ref.file}/${ref.chunk}`;
