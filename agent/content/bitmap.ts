/** A set of small integers as packed bits; also its form on disk. */
export class Bitmap {
  readonly length: number;
  readonly bytes: Uint8Array;

  /** Bytes of another length than the bitmap needs are a fault: the caller checks what it read. */
  constructor(length: number, bytes = new Uint8Array(Math.ceil(length / 8))) {
    if (bytes.length !== Math.ceil(length / 8)) throw new RangeError("bitmap of the wrong length");
    this.length = length;
    this.bytes = bytes;
  }

  has(index: number): boolean {
    return (((this.bytes[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;
  }

  add(index: number): void {
    if (index < 0 || index >= this.length) throw new RangeError(`bit ${index} of ${this.length}`);
    this.bytes[index >> 3] = (this.bytes[index >> 3] ?? 0) | (1 << (index & 7));
  }

  delete(index: number): void {
    this.bytes[index >> 3] = (this.bytes[index >> 3] ?? 0) & ~(1 << (index & 7));
  }

  /** True when every index in [from, to) is in the set. */
  hasAll(from: number, to: number): boolean {
    for (let index = from; index < to; index++) if (!this.has(index)) return false;
    return true;
  }

  /** The members in [from, to), in order. */
  *members(from = 0, to = this.length): Generator<number> {
    for (let index = from; index < to; index++) if (this.has(index)) yield index;
  }
}
