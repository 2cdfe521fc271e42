/**
 * The household's choices, kept over restarts. A change that shares more is on disk before it is in
 * force, one that shares less is in force even if the disk fails. A damaged file gives way to the
 * copy of it, and without either nothing is shared.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../core/clock.ts";
import { errnoOf, exitCode, OperatorError, reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { type Milliseconds, milliseconds, toUnixSeconds, type UnixSeconds } from "../core/units.ts";
import { writeDurably } from "../core/write-durably.ts";
import type { Health } from "../health/health.ts";
import {
  type Choices,
  type ConsentChoice,
  firstChoices,
  type Limits,
  parseChoices,
  tighterOf,
} from "./choices.ts";

const FILE = "household.json";
const COPY = "household.last-good.json";
/** Clocks drift apart by less; a difference beyond it is a jump, and the end is told anew. */
const SAME_TIME_S = 60;

export interface HouseholdOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly health: Health;
  /** Called after each change that is in force. */
  readonly changed?: (choices: Choices) => void;
}

export class Household {
  readonly #options: HouseholdOptions;
  #choices: Choices;
  /**
   * When a pause of this run ends on the monotonic clock: one of an hour, pressed before the time of day
   * was known, is not over when that is set. After a restart the time of day is all there is.
   */
  #pauseEnds: Milliseconds | undefined;

  constructor(options: HouseholdOptions) {
    this.#options = options;
    this.#choices = this.#load();
  }

  /** What is in force. A pause that has run out no longer counts. */
  get choices(): Choices {
    const { pause } = this.#choices;
    if (pause.state !== "paused" || pause.until === undefined) return this.#choices;
    const left = this.#pauseLeft(pause.until);
    if (left <= 0) return { ...this.#choices, pause: { state: "running" } };
    const until = toUnixSeconds(milliseconds(this.#options.clock.wallMs() + left));
    if (Math.abs(until - pause.until) < SAME_TIME_S) return this.#choices;
    return { ...this.#choices, pause: { state: "paused", until } };
  }

  #pauseLeft(until: UnixSeconds): number {
    const { clock } = this.#options;
    if (this.#pauseEnds === undefined) return until * 1000 - clock.wallMs();
    return this.#pauseEnds - clock.monotonicMs();
  }

  get consented(): boolean {
    return this.#choices.consent?.given === true;
  }

  consent(choice: Omit<ConsentChoice, "at">): ConsentChoice {
    const consent = { ...choice, at: this.#now() };
    const choices = { ...this.#choices, consent };
    if (!choice.given) this.#choices = choices;
    this.#replace(choices, "consent changed");
    return consent;
  }

  /** Until resumed, or for so many seconds. */
  pause(seconds?: number): void {
    const until = seconds === undefined ? {} : { until: (this.#now() + seconds) as UnixSeconds };
    const { clock } = this.#options;
    this.#pauseEnds =
      seconds === undefined ? undefined : milliseconds(clock.monotonicMs() + seconds * 1000);
    this.#choices = { ...this.#choices, pause: { state: "paused", ...until } };
    this.#replace(this.#choices, "sharing paused");
  }

  resume(): void {
    this.#replace({ ...this.#choices, pause: { state: "running" } }, "sharing resumed");
  }

  setLimits(limits: Limits): void {
    const before = this.#choices;
    this.#choices = { ...before, limits: tighterOf(before.limits, limits) };
    this.#replace({ ...before, limits }, "limits changed");
  }

  #now(): UnixSeconds {
    return toUnixSeconds(this.#options.clock.wallMs());
  }

  #replace(choices: Choices, message: string): void {
    const { directory, log, health, changed } = this.#options;
    try {
      // The copy last: if the power goes in between, the older choices are in it, whole.
      writeDurably(join(directory, FILE), `${JSON.stringify(choices)}\n`, 0o600);
      writeDurably(join(directory, COPY), `${JSON.stringify(choices)}\n`, 0o600);
    } catch (cause) {
      throw new OperatorError(
        exitCode.ioError,
        `Your choice could not be stored in ${directory} (${errnoOf(cause) ?? reasonOf(cause)}), so what of it shares less is in force until the next restart only, and nothing of it that shares more: free some space or restart the box, then try again.`,
        { cause },
      );
    }
    this.#choices = choices;
    health.clear("household-file-restored");
    health.clear("household-file-lost");
    log.notice(message);
    changed?.(choices);
  }

  #load(): Choices {
    const { directory, health } = this.#options;
    const current = read(join(directory, FILE));
    if (current.state === "good") return current.choices;
    const copy = read(join(directory, COPY));
    if (current.state === "absent" && copy.state === "absent") return firstChoices;
    if (copy.state === "good") {
      health.set("household-file-restored", join(directory, FILE));
      return copy.choices;
    }
    health.set("household-file-lost", join(directory, FILE));
    return firstChoices;
  }
}

type Stored =
  | { readonly state: "good"; readonly choices: Choices }
  | { readonly state: "absent" | "damaged" };

function read(path: string): Stored {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (fault) {
    return { state: errnoOf(fault) === "ENOENT" ? "absent" : "damaged" };
  }
  const choices = parseChoices(text);
  return choices ? { state: "good", choices } : { state: "damaged" };
}
