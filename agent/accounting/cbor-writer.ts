/** Writes the deterministic CBOR that `cbor-reader.ts` reads. */
import { type Major, major } from "./cbor-reader.ts";

export class CborWriter {
  #buffer: Buffer;
  #length = 0;

  /** The default takes in a usage record without growing. */
  constructor(expectedSize = 1024) {
    this.#buffer = Buffer.allocUnsafe(expectedSize);
  }

  #reserve(more: number): number {
    const start = this.#length;
    this.#length += more;
    if (this.#length > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#length, this.#buffer.length * 2));
      this.#buffer.copy(grown, 0, 0, start);
      this.#buffer = grown;
    }
    return start;
  }

  head(kind: Major, value: number): void {
    const initial = kind << 5;
    if (value < 24) {
      const start = this.#reserve(1);
      this.#buffer[start] = initial | value;
    } else if (value < 0x100) {
      this.#sized(initial | 24, value, 1);
    } else if (value < 0x1_0000) {
      this.#sized(initial | 25, value, 2);
    } else if (value < 0x1_0000_0000) {
      this.#sized(initial | 26, value, 4);
    } else {
      this.#bigHead(initial | 27, BigInt(value));
    }
  }

  #sized(initial: number, value: number, width: number): void {
    const start = this.#reserve(1 + width);
    this.#buffer[start] = initial;
    this.#buffer.writeUIntBE(value, start + 1, width);
  }

  #bigHead(initial: number, value: bigint): void {
    const start = this.#reserve(9);
    this.#buffer[start] = initial;
    this.#buffer.writeBigUInt64BE(value, start + 1);
  }

  bigUint(value: bigint): void {
    if (value < 0x1_0000_0000n) this.head(major.uint, Number(value));
    else this.#bigHead(0x1b, value);
  }

  byteString(value: Uint8Array): void {
    this.head(major.bytes, value.length);
    this.raw(value);
  }

  text(value: string): void {
    const encoded = Buffer.from(value, "utf8");
    this.head(major.text, encoded.length);
    this.raw(encoded);
  }

  /** Bytes that are already encoded. */
  raw(value: Uint8Array): void {
    const start = this.#reserve(value.length);
    this.#buffer.set(value, start);
  }

  /** Everything written so far, as bytes of its own. */
  result(): Uint8Array {
    return new Uint8Array(this.#buffer.subarray(0, this.#length));
  }
}
