/**
 * Fetches the wanted chunks of one title from many boxes at once: tickets, lanes, receipts, and what
 * happens to boxes that are slow, gone or lie. What is wanted and where it goes is the caller's.
 */
import { seal } from "../accounting/envelope.ts";
import type { AvoidReason, Environment, Sealed } from "../accounting/messages.ts";
import type { Clock } from "../core/clock.ts";
import { type Id, type PublicKey, toHex } from "../core/encoding.ts";
import { assertNever, reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Part } from "../core/part.ts";
import type { Random } from "../core/random.ts";
import { type Milliseconds, milliseconds, seconds, toUnixSeconds } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";
import { BoxLink, type RunOutcome } from "./box-link.ts";
import { type ChunkRef, type ChunkRun, refsOf, runLength } from "./chunks.ts";
import type { Grant, Grants } from "./coordinator-client.ts";
import { type BoxTally, FetchTally } from "./fetch-tally.ts";
import { Schedule, type Source } from "./schedule.ts";
import { Wake } from "./wake.ts";

/** Where tickets come from: the coordinator, or a test. */
export interface TicketSource {
  tickets(request: Sealed<"ticket-request">, signal?: AbortSignal): Promise<Grants>;
}

export interface FetcherOptions {
  readonly title: Sealed<"manifest">;
  readonly tickets: TicketSource;
  readonly signer: Signer;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Gets each chunk once, verified; a box is asked for more only when this has resolved. */
  readonly deliver: (ref: ChunkRef, data: Uint8Array) => Promise<void>;
  /** Waits until so many bytes may be fetched: how a box keeps its own fetching out of the way. */
  readonly pace?: ((amount: number, signal: AbortSignal) => Promise<void>) | undefined;
  /** Boxes at once, 1 to 16. */
  readonly boxes?: number;
  /** Told of every chunk whose hash fits, copies included: what the box will hold a receipt for. */
  readonly onVerified?: ((box: PublicKey, amount: number) => void) | undefined;
}

/** Requests at once to one box; the third only bridges the end of the first. */
const LANES = 3;
/** Most bytes of one request: two of them stay inside the window a box gives a stranger. */
const MOST_PER_REQUEST = 512 * 1024;
/**
 * The next request goes out when what is still to come from a box takes it no longer than this, within
 * these bytes: its line never idles for a round trip, and it hoards nothing that others could bring.
 */
const ASK_WITHIN_MS = 250;
const ASK_BELOW = 512 * 1024;
const ASK_ALWAYS = 32 * 1024;
/** A request to a slow box should not take longer than this, so that plans can change. */
const REQUEST_SECONDS = 1;
const TICK = milliseconds(250);
/** Between two questions for tickets: at first, at most while boxes bring something, and while none does. */
const ASK_SOON = seconds(2);
const ASK_LATER = seconds(60);
const ASK_URGENT = seconds(8);
/** A ticket that was not used for so long may have run out before its first use. */
const STALE_TICKET = seconds(500);
/** How long a box is left alone after it stalled or failed the first time. */
const BREATHER = seconds(1);
/** Stalls or failures after which a box is given up. */
const PATIENCE = 2;
/** The last receipts have to be taken within this. */
const SETTLE_WITHIN = seconds(5);
const SETTLE_AGAIN = milliseconds(100);

interface Box {
  readonly link: BoxLink;
  readonly origin: boolean;
  readonly stop: AbortController;
  readonly lacking: Set<string>;
  readonly tally: BoxTally;
  /** Set by a box that is busy or wants receipts: one request at a time. */
  single: boolean;
  /** Bytes asked for and not yet here. */
  outstanding: number;
  strikes: number;
  quietUntil: Milliseconds;
  /** When its ticket came. */
  readonly since: Milliseconds;
}

export class TitleFetcher implements Part {
  readonly name = "fetcher";
  readonly tally = new FetchTally();
  readonly #options: FetcherOptions;
  readonly #schedule: Schedule;
  readonly #wake = new Wake();
  readonly #needed = new Wake();
  readonly #boxes = new Map<PublicKey, Box>();
  readonly #avoid = new Map<PublicKey, AvoidReason>();
  readonly #running = new Set<Promise<void>>();
  #asked: Milliseconds | undefined;
  #askAgain = ASK_SOON;
  #fault: string | undefined;

  constructor(options: FetcherOptions) {
    this.#options = options;
    this.#schedule = new Schedule(options.title.body);
  }

  /** Wants a chunk, by a monotonic time if it is to be played. */
  want(ref: ChunkRef, deadline?: Milliseconds): void {
    this.#schedule.want(ref, deadline);
    this.#wake.notify();
    this.#needed.notify();
  }

  unwant(ref: ChunkRef): void {
    this.#schedule.unwant(ref);
  }

  wants(ref: ChunkRef): boolean {
    return this.#schedule.wants(ref);
  }

  get wanted(): number {
    return this.#schedule.size;
  }

  /** Why nothing comes, in words, when nothing does: no box, no coordinator. */
  get trouble(): string | undefined {
    if (this.#boxes.size > 0) return undefined;
    return this.#fault ?? "no box and no origin has the title";
  }

  /** Works until the signal aborts; the last receipts go out before it returns. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#askForTickets(signal);
      this.#postDueReceipts(signal);
      const tick = this.#options.clock.sleep(TICK, signal);
      // The first want is not kept waiting for the tick.
      await (this.#asked === undefined ? Promise.race([this.#needed.wait(signal), tick]) : tick);
    }
    for (const box of this.#boxes.values()) box.stop.abort();
    await Promise.all(this.#running);
    await this.#settle([...this.#boxes.values()]);
  }

  #background(work: Promise<void>): void {
    const tracked = work.finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  }

  /** Hands boxes the receipt for what they gave; boxes that are gone keep what they have. */
  async #settle(boxes: readonly Box[]): Promise<void> {
    const within = new AbortController();
    const limit = this.#options.clock.sleep(SETTLE_WITHIN, within.signal);
    const posts = boxes
      .filter((box) => box.link.receipts.open)
      .map((box) => this.#handOver(box, within.signal));
    await Promise.race([limit, Promise.all(posts)]);
    within.abort();
  }

  /** Twice, because the connection that is reused may be the one that the box has just closed. */
  async #handOver(box: Box, signal: AbortSignal): Promise<void> {
    if (await box.link.postReceipt(signal)) return;
    await this.#options.clock.sleep(SETTLE_AGAIN, signal);
    await box.link.postReceipt(signal);
  }

  async #askForTickets(signal: AbortSignal): Promise<void> {
    const { clock, log, tickets } = this.#options;
    const wanted = this.#options.boxes ?? 8;
    const usable = [...this.#boxes.values()].filter((box) => !box.origin).length;
    if (this.#schedule.size === 0 || usable >= wanted) return;
    if (this.#asked !== undefined && clock.monotonicMs() - this.#asked < this.#askAgain) return;
    this.#asked = clock.monotonicMs();
    try {
      const grants = await tickets.tickets(this.#request(wanted), signal);
      this.#fault = undefined;
      const before = this.#boxes.size;
      for (const grant of grants.boxes) this.#add(grant, false, signal);
      if (grants.origin) this.#add(grants.origin, true, signal);
      // Asking costs the coordinator a ticket each time: ever more rarely while nothing new comes.
      if (this.#boxes.size > before) this.#askAgain = ASK_SOON;
      else this.#backOff(usable === 0);
    } catch (fault) {
      if (signal.aborted) return;
      if (this.#fault === undefined) log.warning("no tickets", { reason: reasonOf(fault) });
      this.#fault = reasonOf(fault);
      this.#backOff(usable === 0);
    }
  }

  #backOff(urgent: boolean): void {
    const longest = urgent ? ASK_URGENT : ASK_LATER;
    this.#askAgain = milliseconds(Math.min(longest, this.#askAgain * 2));
  }

  #request(boxes: number): Sealed<"ticket-request"> {
    const { title, signer, environment, clock, random } = this.#options;
    const body = {
      viewer: signer.publicKey,
      title: title.hash,
      boxes,
      avoid: [...this.#avoid].slice(-16).map(([box, reason]) => ({ box, reason })),
      nonce: toHex(random.bytes(16)) as Id,
      at: toUnixSeconds(clock.wallMs()),
    };
    return seal("ticket-request", body, signer, environment);
  }

  #add(grant: Grant, origin: boolean, signal: AbortSignal): void {
    const { title, signer, environment, clock } = this.#options;
    const id = grant.ticket.body.box;
    if (this.#boxes.has(id) || this.#avoid.has(id) || grant.addresses.length === 0) return;
    const link = new BoxLink({ grant, manifest: title.body, signer, environment, clock });
    const box: Box = {
      link,
      origin,
      stop: new AbortController(),
      lacking: new Set(),
      tally: this.tally.of(id, origin),
      single: false,
      outstanding: 0,
      strikes: 0,
      quietUntil: clock.monotonicMs(),
      since: clock.monotonicMs(),
    };
    box.tally.state = "in-use";
    this.#boxes.set(id, box);
    const both = AbortSignal.any([signal, box.stop.signal]);
    for (let lane = 0; lane < LANES; lane++) {
      this.#background(this.#runLane(box, both));
    }
    this.#wake.notify();
  }

  async #runLane(box: Box, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      const quiet = box.quietUntil - clock.monotonicMs();
      if (quiet > 0) await clock.sleep(milliseconds(quiet), signal);
      const free = box.outstanding <= mayRemain(box);
      const run = free && quiet <= 0 ? this.#take(box) : undefined;
      if (run) await this.#fetch(box, run, signal);
      // Deadlines come closer without anyone saying so: look again at the next tick.
      else if (quiet <= 0) await Promise.race([this.#wake.wait(signal), clock.sleep(TICK, signal)]);
    }
  }

  #take(box: Box): ChunkRun | undefined {
    const sources = [...this.#boxes.values()].map(sourceOf);
    const run = this.#schedule.take(sourceOf(box), sources, this.#options.clock.monotonicMs());
    if (!run || box.link.allowance > 0) return run;
    this.#schedule.release(run, box.link.id);
    this.#drop(box, undefined);
    return undefined;
  }

  async #fetch(box: Box, run: ChunkRun, signal: AbortSignal): Promise<void> {
    const { title, pace } = this.#options;
    let left = runLength(title.body, run);
    box.outstanding += left;
    const onBytes = (amount: number) => {
      const before = box.outstanding;
      left -= amount;
      box.outstanding -= amount;
      const limit = mayRemain(box);
      if (before > limit && box.outstanding <= limit) this.#wake.notify();
    };
    const deliver = (ref: ChunkRef, data: Uint8Array) => this.#deliver(box, ref, data);
    await pace?.(left, signal);
    const outcome = signal.aborted
      ? ({ kind: "stopped" } as const)
      : await box.link.fetchRun(run, { deliver, onBytes }, signal);
    box.outstanding -= left;
    this.#schedule.release(run, box.link.id);
    this.#judge(box, run, outcome, signal);
    this.#wake.notify();
  }

  async #deliver(box: Box, ref: ChunkRef, data: Uint8Array): Promise<void> {
    box.tally.add(data.length, this.#options.clock.monotonicMs());
    this.#options.onVerified?.(box.tally.box, data.length);
    if (this.#schedule.done(ref)) await this.#options.deliver(ref, data);
    else box.tally.copies += data.length;
    this.#wake.notify();
  }

  #judge(box: Box, run: ChunkRun, outcome: RunOutcome, signal: AbortSignal): void {
    const now = this.#options.clock.monotonicMs();
    switch (outcome.kind) {
      case "done":
        box.strikes = 0;
        return;
      case "stopped":
        return;
      case "not-held":
        for (const ref of refsOf(run)) box.lacking.add(`${ref.file}/${ref.chunk}`);
        return;
      case "busy":
        box.single = true;
        box.quietUntil = milliseconds(now + outcome.wait);
        return;
      case "receipts-due":
        box.single = true;
        this.#strike(box, "used-up", now);
        void box.link.postReceipt(signal);
        return;
      case "ticket-refused":
        // It ran out; or the box wants none of ours, and asking for another one is no use.
        this.#drop(
          box,
          box.tally.bytes > 0 || now - box.since > STALE_TICKET ? undefined : "used-up",
        );
        return;
      case "garbled":
        box.tally.badChunks++;
        this.#options.log.warning("box sent wrong bytes", { box: box.link.id });
        this.#drop(box, "garbled");
        return;
      case "wrong-key":
        this.#options.log.warning("box shows another certificate", { box: box.link.id });
        this.#drop(box, "wrong-key");
        return;
      case "stalled":
        box.link.slowDown();
        this.#strike(box, "slow", now);
        return;
      case "failed":
        this.#strike(box, "unreachable", now);
        return;
      default:
        assertNever(outcome);
    }
  }

  #strike(box: Box, reason: AvoidReason, now: Milliseconds): void {
    box.strikes++;
    box.quietUntil = milliseconds(now + BREATHER);
    // Each address of a box gets its chance; both lanes may fail of one cause.
    const patience = PATIENCE * LANES + box.link.grant.addresses.length - 1;
    if (box.strikes > patience) this.#drop(box, reason);
  }

  /** Without a reason the box may come back with a new ticket. */
  #drop(box: Box, reason: AvoidReason | undefined): void {
    if (!this.#boxes.delete(box.link.id)) return;
    box.stop.abort();
    box.tally.state = reason ?? "ended";
    if (reason && !box.origin) this.#avoid.set(box.link.id, reason);
    this.#asked = undefined;
    this.#askAgain = ASK_SOON;
    this.#needed.notify();
    // Who sent wrong bytes gets no further signature, not even for the right ones.
    if (reason !== "garbled") this.#background(this.#settle([box]));
    this.#wake.notify();
  }

  #postDueReceipts(signal: AbortSignal): void {
    for (const box of this.#boxes.values())
      if (box.link.receipts.due) void box.link.postReceipt(signal);
  }
}

/** Bytes that may still be to come when the next request goes out. */
function mayRemain(box: Box): number {
  if (box.single) return 0;
  const rate = Math.max(box.link.rate, box.tally.rate);
  return Math.min(ASK_BELOW, Math.max(ASK_ALWAYS, (rate * ASK_WITHIN_MS) / 1000));
}

function sourceOf(box: Box): Source {
  const most = Math.min(MOST_PER_REQUEST, box.link.rate * REQUEST_SECONDS, box.link.allowance);
  return {
    id: box.link.id,
    rate: box.link.rate,
    most,
    lastResort: box.origin,
    lacks: (ref) => box.lacking.has(`${ref.file}/${ref.chunk}`),
  };
}
