/**
 * The way from frames of usage records to acks. Frames wait in a bounded queue; as many as fit are
 * verified outside any lock and credited in one commit, so that one fsync serves many boxes.
 */
import { decodeBatch } from "../accounting/batch.ts";
import type { Sealed } from "../accounting/messages.ts";
import type { Clock } from "../core/clock.ts";
import type { PublicKey } from "../core/encoding.ts";
import { reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Part } from "../core/part.ts";
import { TokenBuckets } from "./token-bucket.ts";
import type { BatchOutcome, BoxBatch } from "./verification/crediting.ts";
import type { Prepared } from "./verification/prepare.ts";

export interface IngestLimits {
  /** Frame bytes that may wait in all; the broker is not read beyond that. */
  readonly queueBytes: number;
  /** Of them, what one box may have waiting. */
  readonly queueBytesPerBox: number;
  readonly bytesPerSecondPerBox: number;
  readonly burstBytesPerBox: number;
  readonly framesPerSecondPerBox: number;
  /** Records in one commit. */
  readonly recordsPerCommit: number;
}

export const defaultIngestLimits: IngestLimits = {
  queueBytes: 16 * 1024 * 1024,
  queueBytesPerBox: 2 * 1024 * 1024,
  bytesPerSecondPerBox: 2 * 1024 * 1024,
  burstBytesPerBox: 8 * 1024 * 1024,
  framesPerSecondPerBox: 20,
  recordsPerCommit: 256,
};

export interface IngestOptions {
  readonly prepare: (bytes: Uint8Array, box: PublicKey) => Prepared;
  readonly credit: (batches: readonly BoxBatch[]) => readonly BatchOutcome[];
  readonly publishAck: (ack: Sealed<"ack">) => void;
  readonly limits: IngestLimits;
  readonly clock: Clock;
  readonly log: Log;
}

export interface IngestFigures {
  readonly frames: number;
  /** Frames dropped because their box sent too much; it sends them again. */
  readonly throttled: number;
  readonly malformed: number;
  readonly records: number;
  readonly paid: number;
  readonly commits: number;
}

interface Waiting {
  readonly box: PublicKey;
  readonly frame: Uint8Array;
}

export class Ingest implements Part {
  readonly name = "ingest";
  readonly #options: IngestOptions;
  readonly #bytes: TokenBuckets;
  readonly #frames: TokenBuckets;
  readonly #queue: Waiting[] = [];
  readonly #queuedByBox = new Map<PublicKey, number>();
  #queuedBytes = 0;
  #wake: (() => void) | undefined;
  #drained: (() => void)[] = [];
  #figures = { frames: 0, throttled: 0, malformed: 0, records: 0, paid: 0, commits: 0 };

  constructor(options: IngestOptions) {
    this.#options = options;
    const { limits } = options;
    const { framesPerSecondPerBox: frames } = limits;
    this.#bytes = new TokenBuckets({
      burst: limits.burstBytesPerBox,
      perSecond: limits.bytesPerSecondPerBox,
    });
    this.#frames = new TokenBuckets({ burst: 10 * frames, perSecond: frames });
  }

  get figures(): IngestFigures {
    return this.#figures;
  }

  /**
   * Takes a frame in. Returns a promise when the queue is full: whoever reads the broker waits for it
   * before reading on. A box beyond its own limits only loses its own frames.
   */
  offer(box: PublicKey, frame: Uint8Array): Promise<void> | undefined {
    const { limits, clock } = this.#options;
    const now = clock.monotonicMs();
    const waiting = (this.#queuedByBox.get(box) ?? 0) + frame.length;
    const admitted =
      waiting <= limits.queueBytesPerBox &&
      this.#frames.take(box, now) &&
      this.#bytes.take(box, now, frame.length);
    if (!admitted) {
      this.#figures.throttled += 1;
      return undefined;
    }
    this.#figures.frames += 1;
    this.#queue.push({ box, frame });
    this.#queuedByBox.set(box, waiting);
    this.#queuedBytes += frame.length;
    this.#wake?.();
    if (this.#queuedBytes <= limits.queueBytes) return undefined;
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  async run(signal: AbortSignal): Promise<void> {
    const stop = () => this.#wake?.();
    signal.addEventListener("abort", stop, { once: true });
    while (!signal.aborted) {
      if (this.#queue.length === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
        continue;
      }
      this.creditWaiting();
      // Sockets and HTTP requests get their turn between two commits.
      await new Promise((resolve) => setImmediate(resolve));
    }
    signal.removeEventListener("abort", stop);
    while (this.#queue.length > 0) this.creditWaiting();
  }

  /** Credits as many waiting frames as one commit takes. */
  creditWaiting(): void {
    const batches: BoxBatch[] = [];
    let records = 0;
    while (this.#queue.length > 0 && records < this.#options.limits.recordsPerCommit) {
      const batch = this.#prepareNext();
      records += batch.records.length;
      batches.push(batch);
    }
    this.#release();
    const outcomes = batches.length > 0 ? this.#options.credit(batches) : [];
    this.#figures.commits += 1;
    for (const { acks, settled, paid } of outcomes) {
      this.#figures.records += settled;
      this.#figures.paid += paid;
      for (const ack of acks) this.#publish(ack);
    }
  }

  #prepareNext(): BoxBatch {
    const { box, frame } = this.#queue.shift() as Waiting;
    this.#queuedBytes -= frame.length;
    const left = (this.#queuedByBox.get(box) ?? 0) - frame.length;
    if (left > 0) this.#queuedByBox.set(box, left);
    else this.#queuedByBox.delete(box);
    const decoded = decodeBatch(frame);
    if (!decoded.ok) {
      this.#figures.malformed += 1;
      this.#options.log.debug("usage frame refused", { box, code: decoded.code });
      return { box, records: [] };
    }
    return { box, records: decoded.messages.map((bytes) => this.#options.prepare(bytes, box)) };
  }

  #release(): void {
    if (this.#queuedBytes > this.#options.limits.queueBytes / 2) return;
    for (const resolve of this.#drained) resolve();
    this.#drained = [];
  }

  #publish(ack: Sealed<"ack">): void {
    try {
      this.#options.publishAck(ack);
    } catch (fault) {
      // The commit stands; the box sends again and gets the same ack.
      this.#options.log.warning("ack not published", { reason: reasonOf(fault) });
    }
  }
}
