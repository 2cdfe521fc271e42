/** What people allow: consent, pause, quiet hours, limits. Pure; knows nothing of the line. */
import { type BitsPerSecond, type Bytes, bitsPerSecond } from "../core/units.ts";
import type { Reason } from "./verdict.ts";
import type { Volume } from "./volume.ts";

/** Minutes since local midnight; `from` > `to` spans midnight, equal ones are the whole day. */
export interface QuietPeriod {
  readonly from: number;
  readonly to: number;
}

export interface Policy {
  readonly consented: boolean;
  readonly paused: boolean;
  /** The line is paid for by volume, and whether it may be used all the same. */
  readonly metered: boolean;
  readonly allowMetered: boolean;
  /** The lowest of all ceilings, Ethernet headers included; absent for none. */
  readonly maxRate?: BitsPerSecond;
  /** Per cent of the idle line, 1 to 100. */
  readonly share: number;
  readonly dailyCap?: Bytes;
  readonly monthlyCap?: Bytes;
  readonly quietHours: readonly QuietPeriod[];
  /** Why another part of the box wants nothing shared, most important first. */
  readonly holds: readonly Reason[];
}

/** Consent and no limit: what the lab and tests start from. */
export const everythingAllowed: Policy = {
  consented: true,
  paused: false,
  metered: false,
  allowMetered: false,
  share: 100,
  quietHours: [],
  holds: [],
};

/** Ethernet's header beside a full packet: what the network card counts and the line's rate does not. */
const CARD_PER_LINE = 1514 / 1500;

/** What delay probes take on top, which is within the ceiling too; slow lines are probed less. */
const PROBES = 50_000;
const PROBES_SHARE = 0.03;

export type Gate =
  | { readonly open: true; readonly ceiling: BitsPerSecond }
  | { readonly open: false; readonly reason: Reason };

/** The first thing that forbids sharing, or the ceiling that is left. `wall` is local time. */
export function checkPolicy(policy: Policy, volume: Volume, wall: Date): Gate {
  const shut = (reason: Reason): Gate => ({ open: false, reason });
  if (!policy.consented) return shut("no-consent");
  if (policy.paused) return shut("paused");
  const hold = policy.holds[0];
  if (hold) return shut(hold);
  if (policy.metered && !policy.allowMetered) return shut("metered");
  if (isQuiet(policy.quietHours, wall)) return shut("quiet-hours");
  if (policy.monthlyCap !== undefined && volume.month.sent >= policy.monthlyCap) {
    return shut("monthly-cap");
  }
  if (policy.dailyCap !== undefined && volume.day.sent >= policy.dailyCap) return shut("daily-cap");
  const most = policy.maxRate ?? Number.POSITIVE_INFINITY;
  const ceiling = most / CARD_PER_LINE - Math.min(PROBES, PROBES_SHARE * most);
  return { open: true, ceiling: bitsPerSecond(ceiling) };
}

export function isQuiet(periods: readonly QuietPeriod[], wall: Date): boolean {
  const minute = wall.getHours() * 60 + wall.getMinutes();
  return periods.some(({ from, to }) =>
    from < to ? minute >= from && minute < to : minute >= from || minute < to,
  );
}
