/**
 * What traffic control ought to do, and what has to be done for it. Pure: the verdict and what is
 * in force go in, at most one action comes out.
 */
import type { ShapingInForce, ShapingPlan } from "../../hardware/traffic-control.ts";
import {
  type BitsPerSecond,
  bitsPerSecond,
  type Milliseconds,
  milliseconds,
} from "../core/units.ts";
import type { Verdict } from "../governor/verdict.ts";

export type Action =
  | { readonly kind: "none" }
  | { readonly kind: "apply"; readonly plan: ShapingPlan }
  | { readonly kind: "remove"; readonly device: string };

export interface Wanted {
  readonly device: string;
  readonly ports: readonly number[];
  /** What the verdict allows, without headroom. */
  readonly rate: BitsPerSecond;
}

export interface Situation {
  readonly wanted: Wanted | undefined;
  readonly inForce: ShapingInForce;
  /** Sockets are paced too: traffic control is then only the net below them. */
  readonly paced: boolean;
  /** Since the ceiling was last changed. */
  readonly sinceChange: Milliseconds;
  /** Since traffic control was last found missing or taken by somebody else. */
  readonly sinceRefusal: Milliseconds;
}

/** Held is not removed: what still runs ends slowly, and a refusal reaches the peer. */
export const HELD_RATE = bitsPerSecond(64_000);
/**
 * Of the net above the paced rate. A net that is met queues by itself, and hides the line's own
 * queue from the governor; this far up it is met neither by a pulse of 13 % nor by two steps of the
 * ramp. What it lets through beyond the rate is found as a breach within seconds.
 */
const HEADROOM = 1.3;
/** Taken on top while a paced rate climbs by 13 % each 50 ms, so that not each step is a process. */
const CLIMB = 1.6;
/** Nor when sharing starts: below this the sockets' pacing holds alone. */
const LOWEST_NET = bitsPerSecond(1_000_000);
/** Below this share of the ceiling a paced rate has been cut, and the net follows at once. */
const CUT = 0.5;
const SETTLED = milliseconds(1000);
/** Changes of an unpaced rate that are not worth a process. */
const DEAD_BAND = 0.01;
const SHORTEST_PAUSE = milliseconds(50);
/** One process in so long looks whether what was missing or taken is there again. */
const RETRY = milliseconds(15_000);

export const allowedRate = (verdict: Verdict): BitsPerSecond =>
  verdict.state === "sharing" ? bitsPerSecond(Math.max(verdict.rate, HELD_RATE)) : HELD_RATE;

export function decideAction(situation: Situation): Action {
  const { wanted, inForce, sinceRefusal } = situation;
  if (inForce.state === "shaped" && inForce.device !== wanted?.device) {
    return { kind: "remove", device: inForce.device };
  }
  if (!wanted || wanted.ports.length === 0) return { kind: "none" };
  switch (inForce.state) {
    case "none":
      return apply(wanted, firstCeiling(situation, wanted.rate));
    case "foreign":
    case "unavailable":
      return sinceRefusal < RETRY
        ? { kind: "none" }
        : apply(wanted, firstCeiling(situation, wanted.rate));
    case "shaped": {
      const moved = inForce.ports.join() !== wanted.ports.join();
      if (moved) return apply(wanted, firstCeiling(situation, wanted.rate));
      const ceiling = nextCeiling(situation, wanted.rate, inForce.rate);
      return ceiling === undefined ? { kind: "none" } : apply(wanted, ceiling);
    }
  }
}

const apply = ({ device, ports }: Wanted, rate: BitsPerSecond): Action => ({
  kind: "apply",
  plan: { device, ports, rate },
});

const netAbove = (rate: BitsPerSecond) => bitsPerSecond(Math.max(LOWEST_NET, rate * HEADROOM));

const firstCeiling = ({ paced }: Situation, rate: BitsPerSecond) => (paced ? netAbove(rate) : rate);

/** undefined while the ceiling in force will do. */
function nextCeiling(
  { paced, sinceChange }: Situation,
  rate: BitsPerSecond,
  ceiling: BitsPerSecond,
): BitsPerSecond | undefined {
  if (!paced) {
    const changed = Math.abs(rate - ceiling) > ceiling * DEAD_BAND;
    const cut = rate < ceiling * (1 - DEAD_BAND);
    return changed && (cut || sinceChange >= SHORTEST_PAUSE) ? rate : undefined;
  }
  const net = netAbove(rate);
  if (net > ceiling * (1 + DEAD_BAND)) return bitsPerSecond(net * CLIMB);
  if (net < ceiling * CUT) return net;
  const loose = net < ceiling * (1 - DEAD_BAND);
  return loose && sinceChange >= SETTLED ? net : undefined;
}
