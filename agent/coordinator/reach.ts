/**
 * Asks a box's addresses from outside before viewers are sent to it, when it announces them and from
 * time to time after that. The box learns the outcome, so that its page can say what is wrong.
 */
import type { Clock } from "../core/clock.ts";
import type { PublicKey } from "../core/encoding.ts";
import type { Log } from "../core/log.ts";
import { type Milliseconds, milliseconds, seconds } from "../core/units.ts";
import type { ReachProbe } from "./reach-probe.ts";
import type { BoxRow } from "./store/box-rows.ts";
import type { Store } from "./store/store.ts";

export interface ReachOptions {
  readonly store: Store;
  /** undefined where every announced address is believed, as on one machine. */
  readonly probe: ReachProbe | undefined;
  /** Called when a check found something else than what was known of the box. */
  readonly changed: (box: PublicKey) => void;
  readonly clock: Clock;
  readonly log: Log;
}

const ANSWER_WITHIN_MS = 5_000;
/** Checks that run at once; births beyond that are checked when one is done. */
const AT_ONCE = 16;
/** A household that has just opened the port should not wait long. */
const RECHECK_SILENT = seconds(5 * 60);
const RECHECK_ANSWERING = seconds(30 * 60);

interface Known {
  readonly addresses: readonly string[];
  readonly nextAt: Milliseconds;
}

/** The addresses that answered the last check; undefined while there was none. */
export const reachedOf = ({
  reachable,
}: Pick<BoxRow, "reachable">): readonly string[] | undefined =>
  reachable === null ? undefined : reachable.split(" ").filter((address) => address !== "");

export function createReachCheck({ store, probe, changed, clock, log }: ReachOptions) {
  const waiting = new Set<PublicKey>();
  const known = new Map<PublicKey, Known>();
  let running = 0;

  async function next(): Promise<void> {
    const [box] = waiting;
    if (box === undefined || !probe) return;
    waiting.delete(box);
    await look(box, probe);
    return next();
  }

  async function look(box: PublicKey, ask: ReachProbe): Promise<void> {
    const addresses = known.get(box)?.addresses ?? [];
    const tlsKey = store.boxes.get(box)?.tls_key ?? undefined;
    const answers = await Promise.all(
      addresses.map((url) => ask({ box, url, tlsKey }, AbortSignal.timeout(ANSWER_WITHIN_MS))),
    );
    const row = store.boxes.get(box);
    // announced anew, or taken back, while it was being asked: the newer check counts
    if (!row || known.get(box)?.addresses !== addresses) return;
    const reached = addresses.filter((_, at) => answers[at]);
    const pause = reached.length > 0 ? RECHECK_ANSWERING : RECHECK_SILENT;
    known.set(box, { addresses, nextAt: milliseconds(clock.monotonicMs() + pause) });
    if (reachedOf(row)?.join() === reached.join()) return;
    store.boxes.setReachable(box, reached);
    log.info("reach of a box changed", { box, reachable: reached.length });
    changed(box);
  }

  function begin(box: PublicKey): void {
    waiting.add(box);
    if (running >= AT_ONCE) return;
    running += 1;
    next().finally(() => {
      running -= 1;
    });
  }

  return {
    enabled: probe !== undefined,
    /** Notes what a box announces and checks it in the background. */
    announced(box: PublicKey, addresses: readonly string[]): void {
      if (!probe) return;
      const row = store.boxes.get(box);
      const before = row && reachedOf(row);
      if (addresses.length === 0) {
        known.delete(box);
        if (before) store.boxes.setReachable(box, undefined);
        return;
      }
      // what answered under an address that is given up says nothing of the new ones
      const left = before?.filter((address) => addresses.includes(address)) ?? [];
      if (before && before.length > 0 && left.length !== before.length) {
        store.boxes.setReachable(box, left.length > 0 ? left : undefined);
      }
      known.set(box, { addresses, nextAt: milliseconds(Number.POSITIVE_INFINITY) });
      begin(box);
    },

    /** Checks again the boxes whose time has come; those that went are forgotten until they announce. */
    recheck(): void {
      const now = clock.monotonicMs();
      for (const [box, { addresses, nextAt }] of known) {
        if (nextAt > now) continue;
        if (store.boxes.get(box)?.online !== 1) known.delete(box);
        else {
          known.set(box, { addresses, nextAt: milliseconds(Number.POSITIVE_INFINITY) });
          begin(box);
        }
      }
    },
  };
}
