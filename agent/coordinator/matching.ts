/**
 * Which boxes a viewer is sent to. Pure: a weighted draw without replacement, so that load spreads
 * over all who can serve and nobody can choose his own customers.
 */
import type { Hash, PublicKey } from "../core/encoding.ts";
import type { Random } from "../core/random.ts";

export interface Candidate {
  readonly box: PublicKey;
  /** Base URLs that were found reachable, most preferred first. */
  readonly addresses: readonly string[];
  /** Bits per second it can spare now. */
  readonly rate: number;
  /** How much of the title it holds. */
  readonly permille: number;
  /** Bytes of open tickets that are not used yet. */
  readonly promised: number;
  /** Of the certificate it serves with, where TLS is on; its ticket names it. */
  readonly tlsKey?: Hash | undefined;
}

export interface MatchRequest {
  readonly wanted: number;
  /** Boxes the viewer does not want again, and those that nobody is sent to. */
  readonly avoid: ReadonlySet<PublicKey>;
  /** Boxes of the viewer's own household. */
  readonly household: ReadonlySet<PublicKey>;
}

/** Open tickets are worked off in about this time; a box with more promised is drawn less often. */
const HORIZON_S = 300;

export function chooseBoxes(
  candidates: readonly Candidate[],
  request: MatchRequest,
  random: Random,
): readonly Candidate[] {
  return candidates
    .filter(({ box, addresses, rate, permille }) => {
      const able = addresses.length > 0 && rate > 0 && permille > 0;
      return able && !request.avoid.has(box) && !request.household.has(box);
    })
    .map((candidate) => ({ candidate, key: drawKey(weight(candidate), random) }))
    .sort((a, b) => b.key - a.key)
    .slice(0, request.wanted)
    .map(({ candidate }) => candidate);
}

/** What a box can still give in the horizon beyond what it has promised. */
export function weight({ rate, permille, promised }: Candidate): number {
  const capacity = (rate * HORIZON_S) / 8;
  return (permille / 1000) * (capacity / (1 + promised / capacity));
}

/** Efraimidis and Spirakis (2006): the largest keys are a weighted sample; logarithms keep them apart. */
const drawKey = (heaviness: number, random: Random) =>
  Math.log(Math.max(random.unit(), Number.MIN_VALUE)) / heaviness;
