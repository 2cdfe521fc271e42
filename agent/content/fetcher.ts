/**
 * Fetches the wanted chunks of one title from many boxes at once: each box has lanes that take work
 * from the schedule until it is given up. What is wanted and where it goes is the caller's.
 */
import type { Clock } from "../core/clock.ts";
import type { PublicKey } from "../core/encoding.ts";
import type { Log } from "../core/log.ts";
import type { Part } from "../core/part.ts";
import { type Milliseconds, milliseconds } from "../core/units.ts";
import { BoxLink } from "./box-link.ts";
import { type ChunkRef, type ChunkRun, runLength } from "./chunks.ts";
import type { Grant } from "./coordinator-client.ts";
import { FetchTally } from "./fetch-tally.ts";
import { handOverLastReceipts } from "./last-receipts.ts";
import { Schedule } from "./schedule.ts";
import { type GivenUp, LANES, SourceBox } from "./source-box.ts";
import { TicketDesk, type TicketDeskOptions } from "./ticket-desk.ts";
import { Wake } from "./wake.ts";

export interface FetcherOptions extends TicketDeskOptions {
  /** Gets each chunk once, verified; a box is asked for more only when this has resolved. */
  readonly deliver: (ref: ChunkRef, data: Uint8Array) => Promise<void>;
  /** Waits until so many bytes may be fetched: how a box keeps its own fetching out of the way. */
  readonly pace?: ((amount: number, signal: AbortSignal) => Promise<void>) | undefined;
  /** Boxes at once, 1 to 16. */
  readonly boxes?: number;
  /** Told of every chunk whose hash fits, copies included: what the box will hold a receipt for. */
  readonly onVerified?: ((box: PublicKey, amount: number) => void) | undefined;
}

const TICK = milliseconds(250);

/** A box in use, and what stops its lanes. */
interface Lane {
  readonly box: SourceBox;
  readonly stop: AbortController;
}

export class TitleFetcher implements Part {
  readonly name = "fetcher";
  readonly tally = new FetchTally();
  readonly #options: FetcherOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #schedule: Schedule;
  readonly #desk: TicketDesk;
  readonly #wake = new Wake();
  readonly #needed = new Wake();
  readonly #lanes = new Map<PublicKey, Lane>();
  readonly #running = new Set<Promise<void>>();

  constructor(options: FetcherOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#schedule = new Schedule(options.title.body);
    this.#desk = new TicketDesk(options);
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
    if (this.#lanes.size > 0) return undefined;
    return this.#desk.fault ?? "no box and no origin has the title";
  }

  /** Works until the signal aborts; the last receipts go out before it returns. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#askForTickets(signal);
      for (const { link } of this.#boxes) if (link.receipts.due) void link.postReceipt(signal);
      const tick = this.#clock.sleep(TICK, signal);
      // The first want is not kept waiting for the tick.
      await (this.#desk.fresh ? Promise.race([this.#needed.wait(signal), tick]) : tick);
    }
    for (const { stop } of this.#lanes.values()) stop.abort();
    await Promise.all(this.#running);
    await this.#settle(this.#boxes);
  }

  get #boxes(): readonly SourceBox[] {
    return [...this.#lanes.values()].map(({ box }) => box);
  }

  #background(work: Promise<void>): void {
    const tracked = work.finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  }

  #settle(boxes: readonly SourceBox[]): Promise<void> {
    return handOverLastReceipts(
      boxes.map(({ link }) => link),
      this.#clock,
    );
  }

  async #askForTickets(signal: AbortSignal): Promise<void> {
    const wanted = this.#options.boxes ?? 8;
    const usable = this.#boxes.filter((box) => !box.origin).length;
    if (this.#schedule.size === 0 || usable >= wanted) return;
    const grants = await this.#desk.ask(wanted, usable, signal);
    if (!grants) return;
    const before = this.#lanes.size;
    for (const grant of grants.boxes) this.#add(grant, false, signal);
    if (grants.origin) this.#add(grants.origin, true, signal);
    this.#desk.brought(this.#lanes.size - before, usable);
  }

  #add(grant: Grant, origin: boolean, signal: AbortSignal): void {
    const { title, signer, environment } = this.#options;
    const id = grant.ticket.body.box;
    if (this.#lanes.has(id) || this.#desk.avoids(id) || grant.addresses.length === 0) return;
    const link = new BoxLink({
      grant,
      manifest: title.body,
      signer,
      environment,
      clock: this.#clock,
    });
    const box = new SourceBox(link, origin, this.tally.of(id, origin), this.#clock.monotonicMs());
    box.tally.state = "in-use";
    const stop = new AbortController();
    this.#lanes.set(id, { box, stop });
    const both = AbortSignal.any([signal, stop.signal]);
    for (let lane = 0; lane < LANES; lane++) this.#background(this.#runLane(box, both));
    this.#wake.notify();
  }

  async #runLane(box: SourceBox, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const quiet = box.quietFor(this.#clock.monotonicMs());
      if (quiet > 0) {
        await this.#clock.sleep(quiet, signal);
        continue;
      }
      const run = box.free ? this.#take(box) : undefined;
      if (run) await this.#fetch(box, run, signal);
      // Deadlines come closer without anyone saying so: look again at the next tick.
      else await Promise.race([this.#wake.wait(signal), this.#clock.sleep(TICK, signal)]);
    }
  }

  #take(box: SourceBox): ChunkRun | undefined {
    const sources = this.#boxes.map((other) => other.asSource);
    const run = this.#schedule.take(box.asSource, sources, this.#clock.monotonicMs());
    if (!run || box.link.allowance > 0) return run;
    this.#schedule.release(run, box.id);
    this.#giveUp(box, { reason: undefined });
    return undefined;
  }

  async #fetch(box: SourceBox, run: ChunkRun, signal: AbortSignal): Promise<void> {
    const { title, pace } = this.#options;
    let left = runLength(title.body, run);
    box.asked(left);
    const onBytes = (amount: number) => {
      left -= amount;
      if (box.came(amount)) this.#wake.notify();
    };
    const deliver = (ref: ChunkRef, data: Uint8Array) => this.#deliver(box, ref, data);
    await pace?.(left, signal);
    const outcome = signal.aborted
      ? ({ kind: "stopped" } as const)
      : await box.link.fetchRun(run, { deliver, onBytes }, signal);
    box.came(left);
    this.#schedule.release(run, box.id);
    const givenUp = box.judge(run, outcome, this.#clock.monotonicMs());
    if (givenUp) this.#giveUp(box, givenUp);
    if (outcome.kind === "receipts-due") void box.link.postReceipt(signal);
    this.#wake.notify();
  }

  async #deliver(box: SourceBox, ref: ChunkRef, data: Uint8Array): Promise<void> {
    box.tally.add(data.length, this.#clock.monotonicMs());
    this.#options.onVerified?.(box.id, data.length);
    if (this.#schedule.done(ref)) await this.#options.deliver(ref, data);
    else box.tally.copies += data.length;
    this.#wake.notify();
  }

  #giveUp(box: SourceBox, { reason }: GivenUp): void {
    const lane = this.#lanes.get(box.id);
    if (lane?.box !== box) return;
    this.#lanes.delete(box.id);
    lane.stop.abort();
    box.tally.state = reason ?? "ended";
    if (reason === "garbled") this.#log.warning("box sent wrong bytes", { box: box.id });
    if (reason === "wrong-key") this.#log.warning("box shows another certificate", { box: box.id });
    this.#desk.gaveUp(box.id, box.origin ? undefined : reason);
    this.#needed.notify();
    // Who sent wrong bytes gets no further signature, not even for the right ones.
    if (reason !== "garbled") this.#background(this.#settle([box]));
    this.#wake.notify();
  }
}
