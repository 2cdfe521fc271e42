/**
 * A viewer's link to one box: range requests with the ticket and the newest receipt, each chunk
 * hashed as it comes. A chunk with a wrong hash never leaves this file.
 */
import type { Environment, TitleManifest } from "../accounting/messages.ts";
import type { Clock } from "../core/clock.ts";
import { type PublicKey, sha256, toBase64Url } from "../core/encoding.ts";
import { reasonOf } from "../core/errors.ts";
import { type Milliseconds, milliseconds, seconds } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";
import { type ChunkRef, type ChunkRun, chunkRange, fileAt, hashOf } from "./chunks.ts";
import type { Grant } from "./coordinator-client.ts";
import { ReceiptBook } from "./receipt-book.ts";

export type RunOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "not-held" }
  | { readonly kind: "busy"; readonly wait: Milliseconds }
  | { readonly kind: "receipts-due" }
  | { readonly kind: "ticket-refused"; readonly status: number }
  | { readonly kind: "garbled"; readonly ref: ChunkRef }
  | { readonly kind: "stalled" }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "stopped" };

export interface BoxLinkOptions {
  readonly grant: Grant;
  readonly manifest: TitleManifest;
  readonly signer: Signer;
  readonly environment: Environment;
  readonly clock: Clock;
}

/** No byte for so long means that the box or its line is gone. */
const STALL = seconds(3);
/** A box that asks for a longer pause is asked again after this. */
const LONGEST_PAUSE = seconds(20);
const SHORTEST_PAUSE = milliseconds(100);
const FIRST_RATE = 256 * 1024;
/** Weight of the newest measurement in the moving average. */
const NEWEST = 0.3;

export class BoxLink {
  readonly grant: Grant;
  readonly receipts: ReceiptBook;
  readonly #options: BoxLinkOptions;
  #address = 0;
  #rate = FIRST_RATE;
  #requested = 0;

  constructor(options: BoxLinkOptions) {
    this.#options = options;
    this.grant = options.grant;
    this.receipts = new ReceiptBook(
      options.grant.ticket,
      options.signer,
      options.environment,
      options.clock,
    );
  }

  get id(): PublicKey {
    return this.grant.ticket.body.box;
  }

  /** Bytes per second it gave lately. */
  get rate(): number {
    return this.#rate;
  }

  /** Bytes that may still be asked for with this ticket. */
  get allowance(): number {
    return this.grant.ticket.body.maxBytes - this.#requested;
  }

  /** Asks for a run; `deliver` gets each chunk whose hash fits, and is waited for. */
  async fetchRun(
    run: ChunkRun,
    deliver: (ref: ChunkRef, data: Uint8Array) => Promise<void>,
    signal: AbortSignal,
  ): Promise<RunOutcome> {
    const { manifest, clock } = this.#options;
    const file = fileAt(manifest, run.file);
    const start = run.first * manifest.chunkSize;
    const { end } = chunkRange(file, manifest.chunkSize, run.after - 1);
    const stall = new StallGuard(clock, signal);
    const began = clock.monotonicMs();
    this.#requested += end - start;
    let received = 0;
    try {
      const receipt = this.receipts.newest();
      const response = await fetch(this.#fileUrl(file.path), {
        headers: {
          range: `bytes=${start}-${end - 1}`,
          authorization: `Spareband ${toBase64Url(this.grant.ticket.bytes)}`,
          ...(receipt && { "spareband-receipt": toBase64Url(receipt.bytes) }),
        },
        redirect: "error",
        signal: stall.signal,
      });
      const refused = refusal(response, start, end, file.size);
      if (refused) {
        await response.body?.cancel();
        return refused;
      }
      this.receipts.arrived(receipt);
      const assembler = new ChunkAssembler(manifest, run);
      for await (const piece of response.body ?? []) {
        stall.feed();
        received += piece.length;
        for (const chunk of assembler.push(piece)) {
          if (!chunk.data) return { kind: "garbled", ref: chunk.ref };
          this.receipts.add(chunk.data.length);
          stall.pause();
          await deliver(chunk.ref, chunk.data);
          stall.feed();
        }
      }
      if (received !== end - start) return { kind: "failed", reason: "the answer ended early" };
      this.#measure(received, clock.monotonicMs() - began);
      return { kind: "done" };
    } catch (fault) {
      if (signal.aborted) return { kind: "stopped" };
      if (stall.stalled) return { kind: "stalled" };
      this.#address++;
      return { kind: "failed", reason: reasonOf(fault) };
    } finally {
      stall.end();
      this.#requested -= end - start - received;
    }
  }

  /** Hands over the newest receipt by itself; false when the box did not take it. */
  async postReceipt(signal: AbortSignal): Promise<boolean> {
    const receipt = this.receipts.newest();
    if (!receipt) return true;
    const stall = new StallGuard(this.#options.clock, signal);
    try {
      const body = { ticket: this.grant.ticket.hash, receipt: toBase64Url(receipt.bytes) };
      const response = await fetch(`${this.#base()}/v1/receipts`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        redirect: "error",
        signal: stall.signal,
      });
      await response.body?.cancel();
      if (response.ok) this.receipts.arrived(receipt);
      return response.ok;
    } catch {
      // The box is gone; the receipt stays the newest and goes out with the next request, if any.
      return false;
    } finally {
      stall.end();
    }
  }

  /** Forgets what it gave so far, so that a box that stalled is not planned with. */
  slowDown(): void {
    this.#rate = Math.max(1, this.#rate / 4);
  }

  #measure(size: number, took: number): void {
    const rate = (size * 1000) / Math.max(1, took);
    this.#rate = this.#rate === FIRST_RATE ? rate : NEWEST * rate + (1 - NEWEST) * this.#rate;
  }

  #fileUrl(path: string): string {
    const escaped = path.split("/").map(encodeURIComponent).join("/");
    return `${this.#base()}/v1/titles/${this.grant.ticket.body.title}/files/${escaped}`;
  }

  #base(): string {
    const { addresses } = this.grant;
    return (addresses[this.#address % Math.max(1, addresses.length)] ?? "").replace(/\/+$/, "");
  }
}

/** What an answer other than the wanted bytes means; undefined for a good one. */
function refusal(
  response: Response,
  start: number,
  end: number,
  size: number,
): RunOutcome | undefined {
  switch (response.status) {
    case 206:
      return response.headers.get("content-range") === `bytes ${start}-${end - 1}/${size}`
        ? undefined
        : { kind: "failed", reason: "another range than asked for" };
    case 200:
      return start === 0 && end === size
        ? undefined
        : { kind: "failed", reason: "the box does not serve ranges" };
    case 401:
    case 403:
      return { kind: "ticket-refused", status: response.status };
    case 402:
      return { kind: "receipts-due" };
    case 404:
      return { kind: "not-held" };
    case 429:
    case 503:
      return { kind: "busy", wait: pauseOf(response.headers.get("retry-after")) };
    default:
      return { kind: "failed", reason: `status ${response.status}` };
  }
}

function pauseOf(retryAfter: string | null): Milliseconds {
  const asked = seconds(Number(retryAfter ?? 1));
  if (!Number.isFinite(asked)) return seconds(1);
  return milliseconds(Math.min(LONGEST_PAUSE, Math.max(SHORTEST_PAUSE, asked)));
}

/** Cuts a stream of bytes into the run's chunks and checks each. */
class ChunkAssembler {
  readonly #manifest: TitleManifest;
  readonly #run: ChunkRun;
  #chunk: number;
  #buffer: Uint8Array;
  #filled = 0;

  constructor(manifest: TitleManifest, run: ChunkRun) {
    this.#manifest = manifest;
    this.#run = run;
    this.#chunk = run.first;
    this.#buffer = this.#bufferFor(run.first);
  }

  /** Chunks that are complete with this piece; without data when the hash does not fit. */
  *push(piece: Uint8Array): Generator<{ readonly ref: ChunkRef; readonly data?: Uint8Array }> {
    let at = 0;
    while (at < piece.length) {
      const part = piece.subarray(at, at + this.#buffer.length - this.#filled);
      if (part.length === 0) return;
      this.#buffer.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === this.#buffer.length) yield this.#finish();
    }
  }

  #finish() {
    const ref = { file: this.#run.file, chunk: this.#chunk };
    const data = this.#buffer;
    this.#chunk++;
    this.#filled = 0;
    this.#buffer = this.#chunk < this.#run.after ? this.#bufferFor(this.#chunk) : new Uint8Array();
    return sha256(data) === hashOf(this.#manifest, ref) ? { ref, data } : { ref };
  }

  #bufferFor(chunk: number): Uint8Array {
    const file = fileAt(this.#manifest, this.#run.file);
    const { start, end } = chunkRange(file, this.#manifest.chunkSize, chunk);
    return new Uint8Array(end - start);
  }
}

/** Aborts a request when no byte came for STALL, or when the outer signal aborts. */
class StallGuard {
  readonly #clock: Clock;
  readonly #outer: AbortSignal;
  readonly #request = new AbortController();
  readonly #watching = new AbortController();
  readonly #stop = () => this.#request.abort();
  #fed: Milliseconds;
  #paused = false;
  stalled = false;

  constructor(clock: Clock, outer: AbortSignal) {
    this.#clock = clock;
    this.#outer = outer;
    this.#fed = clock.monotonicMs();
    if (outer.aborted) this.#stop();
    else outer.addEventListener("abort", this.#stop, { once: true });
    void this.#watch();
  }

  get signal(): AbortSignal {
    return this.#request.signal;
  }

  feed(): void {
    this.#paused = false;
    this.#fed = this.#clock.monotonicMs();
  }

  /** While the receiving side is busy the box is not to blame. */
  pause(): void {
    this.#paused = true;
  }

  end(): void {
    this.#outer.removeEventListener("abort", this.#stop);
    this.#watching.abort();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#watching;
    while (!signal.aborted) {
      const left = this.#paused ? STALL : this.#fed + STALL - this.#clock.monotonicMs();
      if (left <= 0) {
        this.stalled = true;
        this.#stop();
        return;
      }
      await this.#clock.sleep(milliseconds(left), signal);
    }
  }
}
