/**
 * The journal's tail: what a power cut would take, kept by the broker as a retained message that this
 * box alone reads. It costs a few hundred bytes of the line where a commit costs flash blocks of it,
 * so that the newest traffic is safe every few seconds and flash is written every five minutes.
 */
import { peek, seal } from "../accounting/envelope.ts";
import { MAX_TAIL } from "../accounting/limits.ts";
import type { Environment, RecordEntry, Sealed } from "../accounting/messages.ts";
import type { Clock } from "../core/clock.ts";
import { type Hash, sha256 } from "../core/encoding.ts";
import { bytes, type Milliseconds, mebibytes, seconds } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";
import { momentOf } from "./moment.ts";
import type { RestoredSession } from "./session-journal.ts";
import type { OpenSessions } from "./sessions.ts";

/** What is to be retained under the box's topic; no bytes mean that nothing is. */
export interface TailMessage {
  readonly bytes: Uint8Array;
  /** To be called once the broker has it. */
  kept(): void;
}

export interface TailOptions {
  readonly sessions: OpenSessions;
  readonly signer: Signer;
  readonly environment: Environment;
  readonly clock: Clock;
}

/** More often than what is at risk has to be safe (5 s), by what a slow line takes to answer. */
const SOONEST = seconds(3);
const LATEST = seconds(30);
/** Bytes at risk for which a tail is worth sending soon: never fewer than these… */
const WORTH_FROM = mebibytes(1);
/** …and at these whatever it costs. */
const WORTH_TO = mebibytes(6);
/** What it saves should be so many times what it costs the line: many small sessions make long tails. */
const YIELD = 32;
/** A reporter that is connected asks every second; one that waits for the broker's word does not. */
const KEEPER_GONE = seconds(10);

export class Tail {
  readonly #options: TailOptions;
  #takenAt: Milliseconds | undefined;
  #askedAt: Milliseconds | undefined;
  #keptAt: Milliseconds | undefined;
  /** May the broker hold a tail that has not been taken back? */
  #told = true;
  #size = 0;

  constructor(options: TailOptions) {
    this.#options = options;
  }

  /** When what there was then is known to be kept. */
  get keptAt(): Milliseconds | undefined {
    return this.#keptAt;
  }

  /** Is a broker there that keeps what is at risk? */
  get hasKeeper(): boolean {
    const now = this.#options.clock.monotonicMs();
    return this.#askedAt !== undefined && now - this.#askedAt < KEEPER_GONE;
  }

  /** The next message, when one is due. `anew`: on a new connection, to a broker that may have forgotten. */
  next(anew: boolean): TailMessage | undefined {
    const { sessions, clock } = this.#options;
    const now = clock.monotonicMs();
    this.#askedAt = now;
    if (anew) this.#forget();
    if (!this.#isDue(now)) return undefined;
    const unsaved = sessions.unsaved(MAX_TAIL);
    if (unsaved.length === 0 ? !this.#told : sessions.atRisk === 0) return undefined;
    this.#takenAt = now;
    this.#told = unsaved.length > 0;
    const bytes = this.#told ? this.#seal(unsaved).bytes : new Uint8Array();
    this.#size = bytes.length;
    return {
      bytes,
      kept: () => {
        sessions.keep(unsaved);
        this.#keptAt = now;
      },
    };
  }

  #isDue(now: Milliseconds): boolean {
    const since = this.#takenAt === undefined ? LATEST : now - this.#takenAt;
    const { atRisk } = this.#options.sessions;
    const worth = Math.min(WORTH_TO, YIELD * this.#size);
    if (since >= LATEST) return atRisk >= worth || atRisk === 0;
    return since >= SOONEST && atRisk >= Math.max(WORTH_FROM, worth);
  }

  /** Everything that is not durable, in as many messages as it takes. */
  whole(): readonly Sealed<"tail">[] {
    const unsaved = this.#options.sessions.unsaved(Number.POSITIVE_INFINITY);
    const parts = Math.ceil(unsaved.length / MAX_TAIL);
    return Array.from({ length: parts }, (_, n) =>
      this.#seal(unsaved.slice(n * MAX_TAIL, (n + 1) * MAX_TAIL)),
    );
  }

  #forget(): void {
    this.#options.sessions.keep([]);
    this.#takenAt = undefined;
    this.#keptAt = undefined;
    this.#told = true;
  }

  #seal(unsaved: readonly { readonly entry: RecordEntry }[]): Sealed<"tail"> {
    const { signer, environment, clock } = this.#options;
    const entries = unsaved.map(({ entry }) => entry);
    const at = momentOf(clock, "untrusted").wall;
    return seal("tail", { box: signer.publicKey, entries, at }, signer, environment);
  }
}

export interface Recovered {
  readonly entry: RecordEntry;
  readonly ticket: Hash;
  readonly restored: RestoredSession;
}

/**
 * Which sessions of a tail are news to a journal, the furthest state of each. The box signed it, so
 * what stands in it is not judged again here; the coordinator does that with every record.
 */
export function newsOf(
  tail: Sealed<"tail">,
  known: (ticket: Hash) => RestoredSession | undefined,
): readonly Recovered[] {
  const furthest = new Map<Hash, Recovered>();
  for (const entry of tail.body.entries) {
    const ticket = sha256(entry.ticket);
    const restored = progressOf(entry);
    const before = furthest.get(ticket)?.restored ?? known(ticket);
    if (!restored || (before && before.proven >= restored.proven)) continue;
    furthest.set(ticket, { entry, ticket, restored });
  }
  return [...furthest.values()];
}

function progressOf({ receipt, wireBytes }: RecordEntry): RestoredSession | undefined {
  const seen = receipt && peek(receipt);
  if (seen?.type !== "receipt") return undefined;
  const { bytes: proven, sequence } = seen.body as { bytes: number; sequence: number };
  return { wireBytes, proven: bytes(proven), receiptSequence: sequence };
}
