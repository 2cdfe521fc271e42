/**
 * The records that wait for the coordinator's word, and a short history of those that had it. Rows
 * stay on disk; in memory is only where they lie.
 */
import { type Hash, sha256 } from "../core/encoding.ts";
import type { Bytes } from "../core/units.ts";
import type { SegmentPlace, SegmentRow } from "./schema.ts";
import { packRecords, SEGMENT_RECORDS, unpackRecords } from "./segment.ts";
import { placeOf, type ReadSegment } from "./store.ts";

export interface StoredRecord {
  readonly generation: number;
  readonly sequence: number;
  /** The signed record. */
  readonly bytes: Uint8Array;
}

export interface BatchLimit {
  readonly records: number;
  readonly bytes: Bytes;
}

export class Outbox {
  readonly #read: ReadSegment;
  #placed: SegmentPlace[];
  #nextId: number;
  #acked = 0;

  /** `places` are those of the current generation; ids never come back, so the next one is passed in. */
  constructor(places: readonly SegmentPlace[], nextId: number, read: ReadSegment) {
    this.#placed = [...places];
    this.#read = read;
    this.#nextId = nextId;
  }

  /** Records as rows that follow the last one, `SEGMENT_RECORDS` in each. Changes nothing yet. */
  pack(generation: number, first: number, records: readonly Uint8Array[]): SegmentRow[] {
    const rows: SegmentRow[] = [];
    for (let at = 0; at < records.length; at += SEGMENT_RECORDS) {
      const part = records.slice(at, at + SEGMENT_RECORDS);
      rows.push({
        id: this.#nextId + rows.length,
        generation,
        first: first + at,
        last: first + at + part.length - 1,
        body: packRecords(part),
      });
    }
    return rows;
  }

  /** Bytes on disk of what is not acked yet. */
  get pendingBytes(): Bytes {
    return this.#placed
      .filter(({ last }) => last > this.#acked)
      .reduce((sum, { size }) => sum + size, 0) as Bytes;
  }

  /** Records after a sequence, oldest first, as many as the limit allows but at least one. */
  after(sequence: number, limit: BatchLimit): StoredRecord[] {
    const found: StoredRecord[] = [];
    let bytes = 0;
    for (const { id, first, last } of this.#placed) {
      if (last <= sequence) continue;
      for (const record of this.#open(id, first)) {
        if (record.sequence <= sequence) continue;
        bytes += record.bytes.length;
        const full = found.length >= limit.records || bytes > limit.bytes;
        if (full && found.length > 0) return found;
        found.push(record);
      }
    }
    return found;
  }

  *all(): Generator<StoredRecord> {
    for (const { id, first } of [...this.#placed]) yield* this.#open(id, first);
  }

  /** undefined for a record that is not kept any more, or not there yet. */
  hashAt(sequence: number): Hash | undefined {
    const place = this.#placed.find(({ first, last }) => first <= sequence && sequence <= last);
    if (!place) return undefined;
    const record = this.#open(place.id, place.first)[sequence - place.first];
    return record && sha256(record.bytes);
  }

  ack(upTo: number): void {
    this.#acked = upTo;
  }

  /** Rows with ids below the answer may go: acked, and beyond so many bytes of history. */
  firstNeeded(history: Bytes): number {
    let kept = 0;
    const cut = this.#placed.findLastIndex(({ last, size }) => {
      if (last > this.#acked) return false;
      kept += size;
      return kept > history;
    });
    return this.#placed[cut + 1]?.id ?? this.#nextId;
  }

  /** A commit is durable: these rows are on disk, those before `from` are not any more. */
  settle(rows: readonly SegmentRow[], from: number): void {
    this.#placed = [...this.#placed.filter(({ id }) => id >= from), ...rows.map(placeOf)];
    this.#nextId = Math.max(this.#nextId, (rows.at(-1)?.id ?? 0) + 1);
  }

  /** Nothing of this generation is wanted any more; its rows go with the next commit. */
  clear(): void {
    this.#placed = [];
    this.#acked = 0;
  }

  #open(id: number, first: number): StoredRecord[] {
    const row = this.#read(id);
    if (!row) throw new Error(`the journal lost segment ${id} while running`);
    return unpackRecords(row.body).map((bytes, index) => ({
      generation: row.generation,
      sequence: first + index,
      bytes,
    }));
  }
}
