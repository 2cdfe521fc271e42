import type { Clock } from "../core/clock.ts";
import { sha256 } from "../core/encoding.ts";
import type { Log } from "../core/log.ts";
import { toUnixSeconds, unixSeconds } from "../core/units.ts";
import { findRings, type RingRules } from "./rings.ts";
import type { Store } from "./store/store.ts";

export interface RingWatchOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly rules: RingRules;
}

const DAY_S = 86_400;
/** Days of sales that are looked at, and for how long what was found holds. */
const WINDOW_DAYS = 7;

/**
 * Looks for rings in the last week's paid sales. Between members of one nothing more is paid for a
 * week, and each member's case says why; what they serve to others goes on being paid.
 */
export function createRingWatch({ store, clock, log, rules }: RingWatchOptions) {
  return {
    look(): number {
      const now = toUnixSeconds(clock.wallMs());
      const today = Math.floor(now / DAY_S);
      const rings = findRings(store.tickets.usageSince(today - WINDOW_DAYS), rules);
      store.transaction(() => {
        for (const { members, boxes, bytes, inside } of rings) {
          const name = sha256(Buffer.from(members.join(" ")));
          const share = `${Math.round(inside * 100)} %`;
          for (const key of members) {
            store.trust.noteRing(key, name, unixSeconds(now + WINDOW_DAYS * DAY_S));
            store.cases.note({
              subject: key,
              code: "ring-suspected",
              first: null,
              second: null,
              note: `${share} of ${bytes} bytes sold by ${boxes} boxes stayed in a group of ${members.length}, day ${today}`,
              found_at: now,
            });
          }
          log.warning("ring suspected", { members: members.length, boxes, bytes });
        }
        store.tickets.pruneUsage(today - 2 * WINDOW_DAYS);
      });
      return rings.length;
    },
  };
}
