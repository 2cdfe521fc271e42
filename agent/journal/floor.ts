/**
 * The sequence floor: the newest record that ever left this box, kept apart from the journal. A
 * restored or rolled-back journal that lags behind it must not use those numbers again.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import * as v from "valibot";
import { type Hash, isHash } from "../core/encoding.ts";
import { errnoOf } from "../core/errors.ts";
import type { Bytes } from "../core/units.ts";

export interface Floor {
  readonly generation: number;
  readonly sequence: number;
  /** Hash of the record with that sequence; 64 zeros at sequence 0. */
  readonly head: Hash;
}

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const hash = v.custom<Hash>((value) => typeof value === "string" && isHash(value));
const slotSchema = v.strictObject({
  write: whole,
  generation: whole,
  sequence: whole,
  head: hash,
});
type Slot = v.InferOutput<typeof slotSchema>;

/** One block of flash each, so that a write torn by a power cut leaves the other slot whole. */
const SLOT_BYTES = 4096;

export type StoredFloor =
  | { readonly state: "none" }
  /** The file is there, but neither slot can be trusted. */
  | { readonly state: "damaged" }
  | { readonly state: "known"; readonly floor: Floor };

export class FloorFile {
  readonly #path: string;
  #write = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Throws only on IO faults other than absence. */
  read(): StoredFloor {
    let data: Buffer;
    try {
      data = readFileSync(this.#path);
    } catch (fault) {
      if (errnoOf(fault) === "ENOENT") return { state: "none" };
      throw fault;
    }
    const slots = [0, 1].flatMap((index) => parseSlot(data.subarray(index * SLOT_BYTES)) ?? []);
    const newest = slots.sort((a, b) => b.write - a.write)[0];
    if (!newest) return { state: "damaged" };
    this.#write = newest.write;
    const { write: _, ...floor } = newest;
    return { state: "known", floor };
  }

  /** Durable when it returns the bytes it wrote: overwrites the older of the two slots in place. */
  write(floor: Floor): Bytes {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    const write = this.#write + 1;
    const file = openSync(this.#path, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      const slot = formatSlot({ write, ...floor });
      // Both blocks at first, so that later writes need no space on a disk that is full.
      for (const place of write === 1 ? [0, 1] : [write % 2]) {
        writeSync(file, slot, 0, SLOT_BYTES, place * SLOT_BYTES);
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (write === 1) syncDirectory(dirname(this.#path));
    this.#write = write;
    return SLOT_BYTES as Bytes;
  }
}

const digestOf = (text: string) => createHash("sha256").update(text).digest("hex");

function formatSlot(slot: Slot): Buffer {
  const text = JSON.stringify(slot);
  return Buffer.alloc(SLOT_BYTES, " ").fill(`${text}\n${digestOf(text)}\n`, 0, text.length + 66);
}

function parseSlot(data: Buffer): Slot | undefined {
  const [text = "", digest] = data.subarray(0, 1024).toString("latin1").split("\n");
  if (digest !== digestOf(text)) return undefined;
  const parsed = v.safeParse(slotSchema, JSON.parse(text));
  return parsed.success ? parsed.output : undefined;
}

function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
