/**
 * Which records to send next: forward while the coordinator keeps up, from a gap when it asks for
 * one, and from the last ack when it has been silent for too long.
 */
import { type Bytes, type Milliseconds, milliseconds, seconds } from "../core/units.ts";
import type { RecordSource } from "../journal/journal.ts";
import type { StoredRecord } from "../journal/outbox.ts";

/** Records in one frame, and its size: what a coordinator takes in well under a second. */
const FRAME_RECORDS = 256;
/** Records that may be on their way without an ack. */
const WINDOW = 1024;
const SILENCE_FIRST = seconds(60);
const SILENCE_MOST = seconds(10 * 60);

export class UsagePump {
  readonly #source: RecordSource;
  readonly #frameBytes: Bytes;
  #generation: number;
  #sent: number;
  #heard: Milliseconds;
  #silences = 0;

  constructor(source: RecordSource, frameBytes: Bytes, now: Milliseconds) {
    this.#source = source;
    this.#frameBytes = frameBytes;
    this.#generation = source.chain.generation;
    this.#sent = source.chain.acked;
    this.#heard = now;
  }

  /** Records for the next frame; empty when there is nothing to send now. */
  next(now: Milliseconds): readonly StoredRecord[] {
    const { generation, acked } = this.#source.chain;
    if (generation !== this.#generation) this.#restart(generation, acked);
    if (this.#sent <= acked) {
      this.#sent = acked;
      this.#heard = now;
    } else if (now - this.#heard >= this.#patience()) {
      this.#silences += 1;
      this.#heard = now;
      this.#sent = acked;
    }
    if (this.#sent - acked >= WINDOW) return [];
    const limit = { records: FRAME_RECORDS, bytes: this.#frameBytes };
    const records = this.#source.pending(this.#sent, limit);
    this.#sent = records.at(-1)?.sequence ?? this.#sent;
    return records;
  }

  /** An ack came in; `resendFrom` is the first record the coordinator still waits for. */
  acked(now: Milliseconds, resendFrom: number | undefined): void {
    this.#heard = now;
    this.#silences = 0;
    if (resendFrom !== undefined) this.resend(resendFrom);
  }

  /** Sends again from a record on. */
  resend(from: number): void {
    this.#sent = Math.min(this.#sent, Math.max(0, from - 1));
  }

  #patience(): Milliseconds {
    return milliseconds(Math.min(SILENCE_MOST, SILENCE_FIRST * 2 ** this.#silences));
  }

  #restart(generation: number, acked: number): void {
    this.#generation = generation;
    this.#sent = acked;
    this.#silences = 0;
  }
}
