/** What the household, the maker and the box's own health allow, put together for the governor. Pure. */
import type { Config } from "../config.ts";
import type { ContentStore } from "../content/store.ts";
import type { Policy } from "../governor/policy.ts";
import type { Reason, Verdict } from "../governor/verdict.ts";
import type { Health } from "../health/health.ts";
import type { Journal } from "../journal/journal.ts";
import type { Report } from "../reporting/reported-change.ts";
import type { Household } from "../status/household.ts";
import { householdPolicy, type MakerLimits } from "../status/household-policy.ts";

export const policyOf = (
  config: Config,
  household: Household,
  holds: readonly Reason[],
  /** Is the line of now known to be paid for by volume? */
  metered: boolean,
): Policy => {
  const policy = householdPolicy(household.choices, makerLimits(config));
  return { ...policy, metered: policy.metered || metered, holds };
};

export const makerLimits = (config: Config): MakerLimits => ({
  maxRate: config["limits.max_rate"],
  share: config["limits.share"],
  metered: config["limits.metered"],
});

/** Why the box itself must not share now. */
export function holdsOf(journal: Journal, health: Health): readonly Reason[] {
  const holds: Reason[] = [];
  if (health.has("limit-breached")) holds.push("limit-breached");
  if (journal.state.state !== "ready") holds.push("storage-failing");
  if (journal.chain.quarantine !== undefined) holds.push("quarantined");
  if (health.has("broker-refused")) holds.push("quarantined");
  return holds;
}

/** Reasons for which the box does not download either: they are about the household, not the uplink. */
const NO_FILLING: ReadonlySet<Reason> = new Set<Reason>([
  "no-consent",
  "paused",
  "quiet-hours",
  "metered",
  "playback",
  "cpu-busy",
  "warm",
  "offline",
  "storage-failing",
  "quarantined",
]);

export function mayFill(household: Household, verdict: Verdict): boolean {
  if (!household.consented) return false;
  return verdict.state === "sharing" || !NO_FILLING.has(verdict.reason);
}

/** What the coordinator is told: what is held, and what can be spared now. */
export function reportOf(store: ContentStore, verdict: Verdict): Report {
  const titles = store
    .titles()
    // Less than a thousandth is told too, as 0: it may have been taken down.
    .filter(({ held, size }) => held > 0 || size === 0)
    .map(({ title, held, size }) => ({
      title,
      permille: size === 0 ? 1000 : Math.floor((held / size) * 1000),
    }));
  return {
    sharing: verdict.state === "sharing",
    rate: verdict.state === "sharing" ? Math.round(verdict.rate) : 0,
    titles: titles.slice(0, MOST_TITLES),
    blocked: store.refused("household").slice(0, MOST_TITLES),
  };
}

/** A report has a size limit (docs/protocol.md); a box with more titles names the first ones. */
const MOST_TITLES = 1024;
