import { type BitsPerSecond, bitsPerSecond, type Milliseconds, seconds } from "../core/units.ts";

const HALF_A_DAY = seconds(12 * 3600);

/** The highest rate of the last half to whole day. */
export class Peak {
  #now = bitsPerSecond(0);
  #before = bitsPerSecond(0);
  #since: Milliseconds | undefined;

  note(rate: BitsPerSecond, at: Milliseconds): BitsPerSecond {
    this.#since ??= at;
    if (at - this.#since >= HALF_A_DAY) {
      this.#before = this.#now;
      this.#now = bitsPerSecond(0);
      this.#since = at;
    }
    this.#now = bitsPerSecond(Math.max(this.#now, rate));
    return bitsPerSecond(Math.max(this.#now, this.#before));
  }
}
