/**
 * What the box knows of its coordinator: the pinned key, the reflectors, and a word on whether it
 * answers. The last answer is kept, so that a box that starts offline can already measure its line.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import type { Environment } from "../accounting/messages.ts";
import { CoordinatorClient } from "../content/coordinator-client.ts";
import type { Clock } from "../core/clock.ts";
import type { PublicKey } from "../core/encoding.ts";
import { reasonOf } from "../core/errors.ts";
import { parseJson, publicKeyField } from "../core/json.ts";
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
  reflectors: v.pipe(v.array(v.string()), v.maxLength(16)),
});
type Known = v.InferOutput<typeof kept>;

export class CoordinatorContact implements Part {
  readonly name = "coordinator-contact";
  readonly client: CoordinatorClient;
  readonly #options: ContactOptions;
  readonly #file: string;
  #known: Known | undefined;

  constructor(options: ContactOptions) {
    const { url, environment, pinned, directory } = options;
    this.#options = options;
    this.#file = join(directory, "coordinator.json");
    const last = readKnown(this.#file);
    this.#known = last && (pinned === undefined || last.publicKey === pinned) ? last : undefined;
    const publicKey = pinned ?? this.#known?.publicKey;
    this.client = new CoordinatorClient({ url, environment, publicKey });
  }

  /** Keys whose tickets, acks and wishes count; empty until one is known. */
  readonly keys = (): ReadonlySet<PublicKey> => {
    const key = this.#options.pinned ?? this.#known?.publicKey;
    return new Set(key === undefined ? [] : [key]);
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
      await clock.sleep(wait, signal);
      if (answered) wait = FIRST_WAIT;
    }
  }

  async #ask(signal: AbortSignal): Promise<boolean> {
    const { health, log } = this.#options;
    try {
      const { publicKey, reflectors } = await this.client.info(signal);
      const known = { publicKey, reflectors: [...reflectors] };
      const changed = JSON.stringify(known) !== JSON.stringify(this.#known);
      this.#known = known;
      health.clear("coordinator-unreachable");
      if (changed) writeDurably(this.#file, `${JSON.stringify(known)}\n`, 0o600);
      return true;
    } catch (fault) {
      if (signal.aborted) return false;
      health.set("coordinator-unreachable", reasonOf(fault));
      log.debug("coordinator does not answer", { reason: reasonOf(fault) });
      return false;
    }
  }
}

function readKnown(file: string): Known | undefined {
  try {
    const parsed = v.safeParse(kept, parseJson(readFileSync(file, "utf8")));
    return parsed.success ? parsed.output : undefined;
  } catch {
    // Never written, or cannot be read: the coordinator is asked again anyway.
    return undefined;
  }
}
