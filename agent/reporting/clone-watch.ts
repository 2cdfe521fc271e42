/**
 * Notices a second device with this box's key: it takes the connection over (brokers need not say so,
 * Mosquitto 2.0 does not) and leaves a birth message of its own, signed by our key but not by us.
 */
import { open } from "../accounting/envelope.ts";
import type { Environment } from "../accounting/messages.ts";
import type { Hash, PublicKey } from "../core/encoding.ts";
import { type Milliseconds, seconds } from "../core/units.ts";

/** One sign may be an old connection of our own or a restored disk; three are somebody else. */
const SIGNS = 3;
const WITHIN = seconds(30 * 60);
const OWN_BIRTHS = 32;

export class CloneWatch {
  readonly #box: PublicKey;
  readonly #environment: Environment;
  #own: Hash[] = [];
  #signs: Milliseconds[] = [];

  constructor(box: PublicKey, environment: Environment) {
    this.#box = box;
    this.#environment = environment;
  }

  /** Remembers a birth of ours, before it is published. */
  published(birth: Hash): void {
    this.#own = [...this.#own, birth].slice(-OWN_BIRTHS);
  }

  /** The retained birth on our own topic. `boots` is how often this box was started. */
  hear(bytes: Uint8Array, boots: number, now: Milliseconds): "ours" | "foreign" | "unreadable" {
    const opened = open("birth", bytes, { environment: this.#environment, signer: this.#box });
    if (!opened.ok) return "unreadable";
    const { hash, body } = opened.message;
    const ofAnEarlierStart = this.#own.length === 0 && body.bootCounter < boots;
    if (ofAnEarlierStart || this.#own.includes(hash)) return "ours";
    this.sign(now);
    return "foreign";
  }

  /** Something that only another device with our key explains. */
  sign(now: Milliseconds): void {
    this.#signs = [...this.#signs, now].slice(-SIGNS);
  }

  suspected(now: Milliseconds): boolean {
    const [first] = this.#signs;
    return this.#signs.length === SIGNS && first !== undefined && now - first <= WITHIN;
  }
}
