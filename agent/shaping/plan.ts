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
  /** Highest rate of the last day: what the governor may come back to from one tick to the next. */
  readonly peak: BitsPerSecond;
  /** Since the ceiling was last changed. */
  readonly sinceChange: Milliseconds;
  /** Since traffic control was last found missing or taken by somebody else. */
  readonly sinceRefusal: Milliseconds;
}

/** Held is not removed: what still runs ends slowly, and a refusal reaches the peer. */
export const HELD_RATE = bitsPerSecond(64_000);
/**
 * Of the net above the day's highest paced rate. A net that is met queues by itself, and hides the
 * line's own queue from the governor; this far up it is met neither by a pulse nor by the two steps
 * of 13 % that a ramp makes between two looks. What it lets through beyond the rate is found as a
 * breach within seconds.
 */
const HEADROOM = 1.3;
/** Taken on top while the rate climbs to a new height, so that not each look is a process. */
const CLIMB = 1.6;
/** Below this the sockets' pacing holds alone, so that sharing can start. */
const LOWEST_NET = bitsPerSecond(1_000_000);
const SETTLED = milliseconds(10_000);
/** Changes that are not worth a process. */
const DEAD_BAND = 0.01;
const SHORTEST_PAUSE = milliseconds(50);
/** One process in so long looks whether what was missing or taken is there again. */
const RETRY = milliseconds(15_000);

/** A class cannot stand still; a household's limit may lie below what ends slowly while held. */
const LOWEST_RATE = bitsPerSecond(8_000);

export const allowedRate = (verdict: Verdict): BitsPerSecond =>
  verdict.state === "sharing" ? bitsPerSecond(Math.max(verdict.rate, LOWEST_RATE)) : HELD_RATE;

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

const netAbove = ({ peak }: Situation, rate: BitsPerSecond) =>
  bitsPerSecond(Math.max(LOWEST_NET, Math.max(peak, rate) * HEADROOM));

const firstCeiling = (situation: Situation, rate: BitsPerSecond) =>
  situation.paced ? netAbove(situation, rate) : rate;

/** undefined while the ceiling in force will do. */
function nextCeiling(
  situation: Situation,
  rate: BitsPerSecond,
  ceiling: BitsPerSecond,
): BitsPerSecond | undefined {
  const { paced, sinceChange } = situation;
  const wanted = paced ? netAbove(situation, rate) : rate;
  if (Math.abs(wanted - ceiling) <= ceiling * DEAD_BAND) return undefined;
  if (!paced) return wanted < ceiling || sinceChange >= SHORTEST_PAUSE ? wanted : undefined;
  if (wanted > ceiling) return bitsPerSecond(wanted * CLIMB);
  return sinceChange >= SETTLED ? wanted : undefined;
}
