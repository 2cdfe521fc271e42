/**
 * The part of CBOR that messages use, in its one deterministic form (RFC 8949 §4.2.1): unsigned
 * integers, byte strings, text, arrays and maps of definite length, nothing else. The reader walks
 * the received bytes by the schema and allocates only what the schema has already allowed, which a
 * general decoder cannot do; tests compare it with one.
 */
import type { RefusalCode } from "./refusal.ts";

/** Major types of RFC 8949 §3.1. */
export const major = { uint: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, tag: 6 } as const;
export type Major = (typeof major)[keyof typeof major];

const MAJOR_NAMES = [
  "an unsigned integer",
  "a negative integer",
  "bytes",
  "text",
  "an array",
  "a map",
  "a tag",
  "a simple value or float",
];

/** Bytes that are refused, with the code and the place; caught where messages are opened. */
export class DecodeFault extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.name = "DecodeFault";
    this.code = code;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class CborReader {
  readonly bytes: Uint8Array;
  /** Name of what is being read, for the refusal's detail. */
  field: string;
  at: number;
  end: number;

  constructor(bytes: Uint8Array, field: string, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.field = field;
    this.at = start;
    this.end = end;
  }

  /** The fault of what is being read here, to be thrown. */
  fault(code: RefusalCode, why: string): DecodeFault {
    return new DecodeFault(code, `${this.field}: ${why} (byte ${this.at})`);
  }

  /** The argument of the next item, which must be of this major type and in its shortest form. */
  head(expected: Major): number {
    const at = this.at;
    if (at >= this.end) throw this.fault("malformed", "ends early");
    const initial = this.bytes[at] as number;
    if (initial >> 5 !== expected) {
      throw this.fault(
        "malformed",
        `expected ${MAJOR_NAMES[expected]}, found ${MAJOR_NAMES[initial >> 5]}`,
      );
    }
    const info = initial & 31;
    if (info < 24) {
      this.at = at + 1;
      return info;
    }
    if (info > 27) throw this.fault("not-canonical", "length is reserved or indefinite");
    const width = 1 << (info - 24);
    if (at + 1 + width > this.end) throw this.fault("malformed", "ends early");
    const value = width === 8 ? this.#wide(at + 1) : this.#narrow(at + 1, width);
    if (value < (SMALLEST_BY_WIDTH[width] as number)) {
      throw this.fault("not-canonical", "integer is not in its shortest form");
    }
    this.at = at + 1 + width;
    return value;
  }

  /** Big-endian, of up to 4 bytes. */
  #narrow(at: number, width: number): number {
    let value = 0;
    for (let i = at; i < at + width; i++) value = value * 0x100 + (this.bytes[i] as number);
    return value;
  }

  #wide(at: number): number {
    const value = this.#narrow(at, 4) * 2 ** 32 + this.#narrow(at + 4, 4);
    if (value > Number.MAX_SAFE_INTEGER)
      throw this.fault("out-of-range", "integer is above 2^53 - 1");
    return value;
  }

  /** An unsigned integer up to 2^64 - 1, exact. */
  bigUint(): bigint {
    if (this.bytes[this.at] !== 0x1b) return BigInt(this.head(major.uint));
    if (this.at + 9 > this.end) throw this.fault("malformed", "ends early");
    const high = BigInt(this.#narrow(this.at + 1, 4));
    const value = (high << 32n) | BigInt(this.#narrow(this.at + 5, 4));
    if (value < 0x1_0000_0000n)
      throw this.fault("not-canonical", "integer is not in its shortest form");
    this.at += 9;
    return value;
  }

  /** Where a byte or text string of allowed length starts; moves behind it. */
  string(kind: 2 | 3, min: number, max: number): number {
    const length = this.head(kind);
    if (length < min || length > max) {
      throw this.fault("out-of-range", `has ${length} bytes, allowed are ${range(min, max)}`);
    }
    const start = this.at;
    if (start + length > this.end) throw this.fault("malformed", "ends early");
    this.at = start + length;
    return start;
  }

  hex(length: number): string {
    const start = this.string(major.bytes, length, length);
    return this.bytes.slice(start, this.at).toHex();
  }

  /** A copy, so that it does not keep the whole frame it came in alive. */
  byteString(min: number, max: number): Uint8Array {
    const start = this.string(major.bytes, min, max);
    return new Uint8Array(this.bytes.subarray(start, this.at));
  }

  text(max: number): string {
    const start = this.string(major.text, 0, max);
    try {
      return utf8.decode(this.bytes.subarray(start, this.at));
    } catch (cause) {
      throw new DecodeFault("malformed", `${this.field}: is not UTF-8 (${cause})`);
    }
  }

  /** The number of entries of an array; each takes at least one byte, so a lie is seen here. */
  count(kind: 4 | 5, min: number, max: number): number {
    const count = this.head(kind);
    if (count < min || count > max) {
      throw this.fault("out-of-range", `has ${count} entries, allowed are ${range(min, max)}`);
    }
    if (count > this.end - this.at) throw this.fault("malformed", "ends early");
    return count;
  }

  finish(): void {
    if (this.at !== this.end) throw this.fault("malformed", "is followed by more bytes");
  }
}

/** The smallest value that may use a one-, two-, four- or eight-byte argument. */
const SMALLEST_BY_WIDTH: Readonly<Record<number, number>> = {
  1: 24,
  2: 0x100,
  4: 0x1_0000,
  8: 0x1_0000_0000,
};

const range = (min: number, max: number) => (min === max ? `exactly ${min}` : `${min} to ${max}`);
