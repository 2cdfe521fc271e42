/**
 * The one list of what a household should know of. Each part sets its own conditions and clears them
 * when they are over; the page, the verbs and the diagnostics read the same list.
 */
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { toUnixSeconds, type UnixSeconds } from "../core/units.ts";
import { type ConditionCode, conditionKinds, type Severity } from "./conditions.ts";

export interface Condition {
  readonly code: ConditionCode;
  readonly severity: Severity;
  readonly text: string;
  readonly action: string;
  /** Names the thing: a file, a port, a reason. Never a key, a ticket or an address. */
  readonly detail?: string;
  readonly since: UnixSeconds;
}

const LONGEST_DETAIL = 300;
const rank: Record<Severity, number> = { problem: 0, warning: 1, notice: 2 };

export class Health {
  readonly #conditions = new Map<ConditionCode, Condition>();
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(options: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Idempotent; a new detail replaces the old one and keeps the time. */
  set(code: ConditionCode, detail?: string): void {
    const known = this.#conditions.get(code);
    const shown = detail?.slice(0, LONGEST_DETAIL);
    if (known && known.detail === shown) return;
    const since = known?.since ?? toUnixSeconds(this.#clock.wallMs());
    const { severity, text, action } = conditionKinds[code];
    const named = shown === undefined ? {} : { detail: shown };
    this.#conditions.set(code, { code, severity, text, action, ...named, since });
    if (!known) this.#log.warning("condition set", { code, detail: shown });
  }

  /** Idempotent. */
  clear(code: ConditionCode): void {
    if (this.#conditions.delete(code)) this.#log.notice("condition cleared", { code });
  }

  /** Sets or clears, for parts that know only whether it holds. */
  report(code: ConditionCode, holds: boolean, detail?: string): void {
    if (holds) this.set(code, detail);
    else this.clear(code);
  }

  has(code: ConditionCode): boolean {
    return this.#conditions.has(code);
  }

  /** The worst first, and of the same severity the newest. */
  list(): readonly Condition[] {
    return [...this.#conditions.values()].sort(
      (a, b) => rank[a.severity] - rank[b.severity] || b.since - a.since,
    );
  }
}
