/**
 * What the box knows of its coordinator: the pinned key, the reflectors, and a word on whether it
 * answers. The last answer is kept, so that a box that starts offline can already measure its line.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import type { Environment } from "../accounting/messages.ts";
import { MAX_SUCCESSIONS, openSuccessions, trustedKeys } from "../accounting/succession.ts";
import { CoordinatorClient } from "../content/coordinator-client.ts";
import type { Clock } from "../core/clock.ts";
import { type PublicKey, toBase64Url } from "../core/encoding.ts";
import { reasonOf } from "../core/errors.ts";
import { bytesField, parseJson, publicKeyField } from "../core/json.ts";
import type { Log } from "../core/log.ts";
import type { Part } from "../core/part.ts";
import { type Milliseconds, milliseconds, seconds } from "../core/units.ts";
import { writeDurably } from "../core/write-durably.ts";
import type { Health } from "../health/health.ts";

export interface ContactOptions {
  readonly url: string;
  readonly environment: Environment;
  /** undefined among developers: the first answer's key is kept. */
  readonly pinned: PublicKey | undefined;
  readonly directory: string;
  readonly health: Health;
  readonly clock: Clock;
  readonly log: Log;
}

const FIRST_WAIT = seconds(2);
const LONGEST_WAIT = seconds(300);
const REFRESH = seconds(600);

const kept = v.object({
  publicKey: publicKeyField,
  successions: v.optional(v.pipe(v.array(bytesField(512)), v.maxLength(2 * MAX_SUCCESSIONS)), []),
  reflectors: v.pipe(v.array(v.string()), v.maxLength(16)),
});
interface Known {
  readonly publicKey: PublicKey;
  readonly reflectors: readonly string[];
  readonly successions: readonly Uint8Array[];
}

export class CoordinatorContact implements Part {
  readonly name = "coordinator-contact";
  readonly client: CoordinatorClient;
  readonly #options: ContactOptions;
  readonly #file: string;
  #known: Known | undefined;
  /** Ends the wait between two questions. */
  #wake = new AbortController();
  #soon: Milliseconds = FIRST_WAIT;
  /** Worked out once for what is known; asked for with each message. */
  #keys: ReadonlySet<PublicKey> | undefined;
  #keysOf: Known | undefined;

  constructor(options: ContactOptions) {
    const { url, environment, pinned, directory } = options;
    this.#options = options;
    this.#file = join(directory, "coordinator.json");
    this.#known = readKnown(this.#file);
    if (this.#known && !this.keys().has(this.#known.publicKey)) this.#known = undefined;
    const publicKey = pinned ?? this.#known?.publicKey;
    this.client = new CoordinatorClient({ url, environment, publicKey });
  }

  /**
   * Keys whose tickets, acks and wishes count: the pinned one and those that it leads to. Empty until
   * one is known. A key that was handed over counts on, because its tickets take 30 days to settle.
   */
  readonly keys = (): ReadonlySet<PublicKey> => {
    const root = this.#options.pinned ?? this.#known?.publicKey;
    if (this.#known !== this.#keysOf || this.#keys === undefined) {
      const { environment } = this.#options;
      const successions = openSuccessions(this.#known?.successions ?? [], environment);
      this.#keys = trustedKeys(root === undefined ? [] : [root], successions);
      this.#keysOf = this.#known;
    }
    return this.#keys;
  };

  get reflectors(): readonly string[] {
    return this.#known?.reflectors ?? [];
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    let wait: Milliseconds = FIRST_WAIT;
    while (!signal.aborted) {
      const answered = await this.#ask(signal);
      wait = answered ? REFRESH : milliseconds(Math.min(LONGEST_WAIT, wait * 2));
      this.#wake = new AbortController();
      await clock.sleep(wait, AbortSignal.any([signal, this.#wake.signal]));
      if (this.#wake.signal.aborted) await clock.sleep(this.#soon, signal);
      if (answered) wait = FIRST_WAIT;
    }
  }

  /** Asks again after the delay: something was signed by a key that is not known. */
  askAgain(after: Milliseconds): void {
    this.#soon = after;
    this.#wake.abort();
  }

  async #ask(signal: AbortSignal): Promise<boolean> {
    const { health, log } = this.#options;
    try {
      const { publicKey, reflectors, successions } = await this.client.info(signal);
      const known: Known = { publicKey, reflectors, successions };
      const text = format(known);
      health.clear("coordinator-unreachable");
      if (this.#known && format(this.#known) === text) return true;
      this.#known = known;
      writeDurably(this.#file, text, 0o600);
      return true;
    } catch (fault) {
      if (signal.aborted) return false;
      health.set("coordinator-unreachable", reasonOf(fault));
      log.debug("coordinator does not answer", { reason: reasonOf(fault) });
      return false;
    }
  }
}

const format = ({ successions, ...known }: Known) =>
  `${JSON.stringify({ ...known, successions: successions.map((bytes) => toBase64Url(bytes)) })}\n`;

function readKnown(file: string): Known | undefined {
  try {
    const parsed = v.safeParse(kept, parseJson(readFileSync(file, "utf8")));
    return parsed.success ? parsed.output : undefined;
  } catch {
    // Never written, or cannot be read: the coordinator is asked again anyway.
    return undefined;
  }
}
