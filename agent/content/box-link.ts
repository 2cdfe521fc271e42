/**
 * A viewer's link to one box: range requests with the ticket and the newest receipt, each chunk
 * hashed as it comes. A chunk with a wrong hash never leaves this file.
 */
import type { Environment, TitleManifest } from "../accounting/messages.ts";
import type { Clock } from "../core/clock.ts";
import { type PublicKey, toBase64Url } from "../core/encoding.ts";
import { reasonOf } from "../core/errors.ts";
import { type Milliseconds, milliseconds, seconds } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";
import { ChunkAssembler } from "./chunk-assembler.ts";
import { type ChunkRef, type ChunkRun, fileAt, runLength } from "./chunks.ts";
import type { Grant } from "./coordinator-client.ts";
import { pinCertificate, tlsFor } from "./pinned-certificate.ts";
import { ReceiptBook } from "./receipt-book.ts";
import { StallGuard } from "./stall-guard.ts";

export type RunOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "not-held" }
  | { readonly kind: "busy"; readonly wait: Milliseconds }
  | { readonly kind: "receipts-due" }
  | { readonly kind: "ticket-refused"; readonly status: number }
  | { readonly kind: "garbled"; readonly ref: ChunkRef }
  /** Every address of the box shows another certificate than its ticket names. */
  | { readonly kind: "wrong-key" }
  | { readonly kind: "stalled" }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "stopped" };

export interface RunListener {
  /** Gets each chunk whose hash fits, and is waited for. */
  readonly deliver: (ref: ChunkRef, data: Uint8Array) => Promise<void>;
  /** Told of every piece as it comes, checked or not. */
  readonly onBytes: (amount: number) => void;
}

export interface BoxLinkOptions {
  readonly grant: Grant;
  readonly manifest: TitleManifest;
  readonly signer: Signer;
  readonly environment: Environment;
  readonly clock: Clock;
}

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
  readonly #addresses: readonly string[];
  #address = 0;
  #rate = FIRST_RATE;
  #requested = 0;
  /** By address, where the box speaks TLS. */
  readonly #certificates = new Map<string, string>();
  /** Addresses that showed another certificate's key: somebody else answers there. */
  readonly #foreign = new Set<string>();

  constructor(options: BoxLinkOptions) {
    this.#options = options;
    this.grant = options.grant;
    const bases = options.grant.addresses.map((address) => address.replace(/\/+$/, ""));
    this.#addresses = [...new Set(bases)];
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

  async fetchRun(
    run: ChunkRun,
    { deliver, onBytes }: RunListener,
    signal: AbortSignal,
  ): Promise<RunOutcome> {
    const { manifest, clock } = this.#options;
    const file = fileAt(manifest, run.file);
    const start = run.first * manifest.chunkSize;
    const end = start + runLength(manifest, run);
    const stall = new StallGuard(clock, signal);
    const began = clock.monotonicMs();
    this.#requested += end - start;
    let received = 0;
    let delivered = 0;
    try {
      const receipt = this.receipts.newest();
      const tls = await this.#tls(stall.signal);
      const response = await fetch(this.#fileUrl(file.path), {
        headers: {
          range: `bytes=${start}-${end - 1}`,
          authorization: this.#authorization,
          ...(receipt && { "spareband-receipt": toBase64Url(receipt.bytes) }),
        },
        redirect: "error",
        signal: stall.signal,
        ...tls,
      });
      const answer = judgeAnswer(response, start, end, file.size);
      if (answer.kind !== "bytes") {
        await response.body?.cancel();
        return answer;
      }
      this.receipts.arrived(receipt);
      const assembler = new ChunkAssembler(manifest, run);
      for await (const piece of response.body ?? []) {
        stall.feed(piece.length);
        received += piece.length;
        if (received > answer.end - start)
          return { kind: "failed", reason: "more bytes than announced" };
        onBytes(piece.length);
        for (const chunk of assembler.push(piece)) {
          if (!chunk.data) return { kind: "garbled", ref: chunk.ref };
          this.receipts.add(chunk.data.length);
          stall.pause();
          await deliver(chunk.ref, chunk.data);
          stall.resume();
          delivered++;
        }
      }
      if (received !== answer.end - start)
        return { kind: "failed", reason: "the answer ended early" };
      // The least that a box gives at a time holds a chunk; of less we would ask without end.
      if (delivered === 0) return { kind: "failed", reason: "less than a chunk" };
      this.#measure(received, clock.monotonicMs() - began);
      return { kind: "done" };
    } catch (fault) {
      if (signal.aborted) return { kind: "stopped" };
      if (stall.stalled) return { kind: "stalled" };
      if (this.#foreign.size === this.#addresses.length) return { kind: "wrong-key" };
      // A renewed certificate with the same key is looked at again.
      this.#certificates.clear();
      this.#address++;
      return { kind: "failed", reason: reasonOf(fault) };
    } finally {
      stall.end();
      this.#requested -= end - start - received;
    }
  }

  get #authorization(): string {
    return `Spareband ${toBase64Url(this.grant.ticket.bytes)}`;
  }

  /** Hands over the newest receipt by itself; false when the box did not take it. */
  async postReceipt(signal: AbortSignal): Promise<boolean> {
    const receipt = this.receipts.newest();
    if (!receipt) return true;
    const stall = new StallGuard(this.#options.clock, signal);
    try {
      const body = { ticket: this.grant.ticket.hash, receipt: toBase64Url(receipt.bytes) };
      const tls = await this.#tls(stall.signal);
      const response = await fetch(`${this.#base()}/v1/receipts`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: this.#authorization },
        body: JSON.stringify(body),
        redirect: "error",
        signal: stall.signal,
        ...tls,
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

  /** Throws when the box is not the one the ticket names. */
  async #tls(signal: AbortSignal) {
    const base = this.#base();
    const key = this.grant.ticket.body.tlsKey;
    if (!base.startsWith("https:")) {
      if (key) throw new Error("the ticket asks for TLS, the address does not have it");
      return {};
    }
    // Without a key in the ticket the usual authorities have to vouch for the box.
    if (!key) return {};
    const known = this.#certificates.get(base);
    if (known) return tlsFor(known);
    const pinned = await pinCertificate(base, key, signal);
    if (!pinned.ok) {
      if (pinned.foreign) this.#foreign.add(base);
      throw new Error(pinned.reason);
    }
    this.#certificates.set(base, pinned.certificate);
    return tlsFor(pinned.certificate);
  }

  #fileUrl(path: string): string {
    const escaped = path.split("/").map(encodeURIComponent).join("/");
    return `${this.#base()}/v1/titles/${this.grant.ticket.body.title}/files/${escaped}`;
  }

  #base(): string {
    const left = this.#addresses.filter((address) => !this.#foreign.has(address));
    const usable = left.length > 0 ? left : this.#addresses;
    return usable[this.#address % Math.max(1, usable.length)] ?? "";
  }
}

/** Good bytes from `start` to `end`, or what else the answer means. */
function judgeAnswer(
  response: Response,
  start: number,
  end: number,
  size: number,
): { readonly kind: "bytes"; readonly end: number } | RunOutcome {
  switch (response.status) {
    case 206: {
      const given = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers.get("content-range") ?? "");
      const [from, last, of] = given?.slice(1).map(Number) ?? [];
      // A box may give less than was asked for (RFC 9110 §15.3.7), as its window for us allows.
      return from === start && of === size && last !== undefined && last < end
        ? { kind: "bytes", end: last + 1 }
        : { kind: "failed", reason: "another range than asked for" };
    }
    case 200:
      return start === 0 && end === size
        ? { kind: "bytes", end }
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
