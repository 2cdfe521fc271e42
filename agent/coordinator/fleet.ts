/** Keeps what boxes should hold in step with demand, and tells them when it changed. */
import { seal } from "../accounting/envelope.ts";
import type { Environment, Sealed } from "../accounting/messages.ts";
import type { Clock } from "../core/clock.ts";
import type { Hash, PublicKey } from "../core/encoding.ts";
import { toUnixSeconds, type UnixSeconds } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";
import { decayed } from "./demand.ts";
import { type PlacementBox, type PlacementRules, placeTitles } from "./placement.ts";
import type { Policy } from "./policy.ts";
import { reachedOf } from "./reach.ts";
import type { BoxRow } from "./store/box-rows.ts";
import type { Store } from "./store/store.ts";

export interface FleetOptions {
  readonly store: Store;
  readonly signer: Signer;
  readonly environment: Environment;
  readonly rules: PlacementRules;
  readonly policy: Policy;
  readonly clock: Clock;
}

/** A box that was not heard of for so long is not counted on. */
const GONE_AFTER_S = 2 * 86_400;
/** What a box that does not share at the moment is expected to spare later, in bits per second. */
const USUAL_RATE = 2_000_000;
const BOXES_AT_ONCE = 10_000;

export function createFleet(options: FleetOptions) {
  const { store, signer, environment, rules, policy, clock } = options;
  return {
    /** Decides anew; returns the boxes whose titles changed. */
    place(): readonly PublicKey[] {
      const now = toUnixSeconds(clock.wallMs());
      return store.transaction(() => {
        const rows = allBoxes();
        const since = now - policy.complaintWindow / 1000;
        const garbling = new Set(
          store.trust
            .complainedAbout("garbled", since, policy.garbledViewers)
            .map(({ box }) => box),
        );
        const present = rows.filter((row) => counts(row, now) && !garbling.has(row.key));
        const placed = placeTitles(demands(now), describe(present, now), rules);
        return rows.filter((row) => adopt(row, placed.get(row.key) ?? [])).map(({ key }) => key);
      });
    },

    /** Does the box say that it holds what was taken down? */
    holdsTaken(key: PublicKey): boolean {
      const row = store.boxes.get(key);
      return row !== undefined && store.titles.takenFrom(row.id).length > 0;
    },

    /**
     * What a box is told: its titles, and what of them was taken down. However many takedowns there
     * are, the message stays small: all that the box says it holds, and the newest ones, which it
     * may be fetching.
     */
    desired: (key: PublicKey): Sealed<"desired"> | undefined =>
      store.transaction(() => {
        const row = store.boxes.get(key);
        if (!row) return undefined;
        const reached = reachedOf(row);
        const at = toUnixSeconds(clock.wallMs());
        const body = {
          box: key,
          version: store.boxes.nextDesiredVersion(row.id, at),
          ...(reached && { reachable: reached.length > 0 }),
          titles: store.boxes.placements(row.id).slice(0, MAX_TITLES),
          takedowns: takedownsFor(row.id),
          at,
        };
        return seal("desired", body, signer, environment);
      }),
  };

  function takedownsFor(box: number): readonly Hash[] {
    const newest = store.titles.takedowns(NEWEST_TAKEDOWNS, 0).map(({ title }) => title);
    return [...new Set([...store.titles.takenFrom(box), ...newest])].slice(0, MAX_TITLES);
  }

  function allBoxes(): readonly BoxRow[] {
    const rows: BoxRow[] = [];
    for (let from = 0; ; from += BOXES_AT_ONCE) {
      const page = store.boxes.page(BOXES_AT_ONCE, from);
      for (const row of page) rows.push(row);
      if (page.length < BOXES_AT_ONCE) return rows;
    }
  }

  function demands(now: UnixSeconds) {
    return store.titles
      .demands()
      .map(({ title, size, weight, at }) => ({ title, size, demand: decayed(weight, at, now) }));
  }

  function describe(rows: readonly BoxRow[], now: UnixSeconds): readonly PlacementBox[] {
    const holds = byBox(store.boxes.allHoldings());
    const placed = byBox(store.boxes.allPlacements());
    const blocked = byBox(store.boxes.allBlocked());
    const none: ReadonlySet<Hash> = new Set();
    return rows.map((row) => ({
      box: row.key,
      capacity: row.capacity,
      rate: Math.max(row.rate, USUAL_RATE),
      presence: presenceOf(row, now),
      holds: new Set([...(placed.get(row.id) ?? none), ...(holds.get(row.id) ?? none)]),
      blocked: blocked.get(row.id) ?? none,
    }));
  }

  /** Writes a changed placement; false when it is as before. */
  function adopt(row: BoxRow, titles: readonly Hash[]): boolean {
    const wanted = titles.toSorted();
    const before = store.boxes.placements(row.id);
    if (before.length === wanted.length && before.every((title, i) => title === wanted[i])) {
      return false;
    }
    store.boxes.replacePlacements(row.id, wanted);
    return true;
  }
}

/** A new box is taken at its word for a day; then its past hours speak. */
const TRIAL_S = 86_400;

/** Share of the time it is there: hours online of all hours since it enrolled. */
function presenceOf(row: BoxRow, now: UnixSeconds): number {
  const known = Math.max(TRIAL_S, now - row.enrolled_at);
  const current = row.online === 1 ? Math.max(0, now - row.online_since) : 0;
  const trial = Math.max(0, TRIAL_S - (now - row.enrolled_at));
  return Math.min(1, Math.max(0.05, (row.online_seconds + current + trial) / known));
}

/** Of the protocol's message. */
const MAX_TITLES = 4_096;
const NEWEST_TAKEDOWNS = 1_024;

/** Content on a box that nobody gets through to would be downloaded for nothing. */
const counts = (row: BoxRow, now: UnixSeconds) =>
  row.quarantine === null &&
  reachedOf(row)?.length !== 0 &&
  (row.online === 1 || row.seen_at > now - GONE_AFTER_S);

function byBox(rows: readonly { readonly box: number; readonly title: Hash }[]) {
  const sets = new Map<number, Set<Hash>>();
  for (const { box, title } of rows) {
    const set = sets.get(box);
    if (set) set.add(title);
    else sets.set(box, new Set([title]));
  }
  return sets;
}
