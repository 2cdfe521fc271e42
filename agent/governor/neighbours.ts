/**
 * Other boxes of this home. To the law the second one is somebody who uploads, so whoever came first would
 * share with it by chance. They meet on the home's own network instead: once a second each that is asked for
 * something says what it knows of the line and what its peers would take, and each keeps to its even part.
 * Anybody at home could say such things, and would only make us share less, or no more than without them. Pure.
 */
import { toHex } from "../core/encoding.ts";
import type { Milliseconds } from "../core/units.ts";
import { deliveredRate } from "./delivery.ts";
import { BELOW_KNEE } from "./line-moves.ts";
import type { LineState } from "./line-state.ts";
import type { Reason, Verdict } from "./verdict.ts";

/** Big-endian: "SBN1", id of this start of a box (8), the line and what is wanted in kbit/s (4 each). */
export const NEIGHBOUR_LENGTH = 20;
export const NEIGHBOUR_ID = 8;
const MAGIC = 0x53424e31;
const ID = 4;
/** More than it gets. */
const ANY = 0xffffffff;
/** Three messages lost in a row are one that has gone. */
const HEARD_MS = 3500;
const MOST = 16;
/** As long as peers were asking for something just now. */
const DEMAND_MS = 3000;
/** Of what it may have: with less its peers take all they want, and may soon want a little more. */
const TAKES_ALL = 0.8;
const HEADROOM = 1.25;
const WINDOW_MS = 1000;
/** Reasons for a rate that would be higher with more of the line; whatever else bounds it goes on doing so. */
const BY_LINE: readonly Reason[] = [
  "line-idle",
  "learning-line",
  "line-busy",
  "someone-uploading",
  "another-box",
];

/** What another box says, in bits per second. */
interface Claim {
  /** What it has seen the line carry; 0 when it does not know. */
  readonly line: number;
  readonly wanted: number;
}

/** All others that were heard lately. */
export interface Neighbours {
  readonly line: number;
  readonly wanted: readonly number[];
}

const NOBODY: Neighbours = { line: 0, wanted: [] };

export function formatClaim(id: Uint8Array, { line, wanted }: Claim): Uint8Array {
  const data = new Uint8Array(NEIGHBOUR_LENGTH);
  const view = new DataView(data.buffer);
  view.setUint32(0, MAGIC);
  data.set(id.subarray(0, NEIGHBOUR_ID), ID);
  view.setUint32(12, kilobits(line));
  view.setUint32(16, kilobits(wanted));
  return data;
}

const kilobits = (rate: number) => Math.min(ANY, Math.round(rate / 1000));

/**
 * What this box tells others; undefined while it shares nothing or nobody asks it for anything.
 *
 * @param alone as in `evenPart`.
 */
export function claimOf(
  line: LineState,
  alone: number | undefined,
  verdict: Verdict,
): Claim | undefined {
  if (verdict.state !== "sharing") return undefined;
  const asked = line.demandSince !== undefined && line.at - line.demandAt <= DEMAND_MS;
  if (!asked) return undefined;
  const taken = deliveredRate(line.delivery, line.at, WINDOW_MS);
  const sated = taken !== undefined && taken < TAKES_ALL * line.rate;
  const bounded = BY_LINE.includes(verdict.reason) ? ANY * 1000 : line.rate;
  return { line: surelyCarries(line, alone), wanted: sated ? HEADROOM * taken : bounded };
}

/** What a train found passes whoever uses the line; what we found ourselves was all of it only while nobody else was there. */
const surelyCarries = ({ carried }: LineState, alone = 0) => Math.max(alone, carried?.least ?? 0);

/** Who was heard of late. */
export class NeighbourBook {
  readonly #own: string;
  readonly #heard = new Map<string, Claim & { readonly at: number }>();

  /** @param own id of this box, whose messages may come back. */
  constructor(own: Uint8Array) {
    this.#own = toHex(own);
  }

  /** Takes a message in; one that is none, or one box too many, changes nothing. */
  hear(data: Uint8Array, at: Milliseconds): void {
    if (data.length !== NEIGHBOUR_LENGTH) return;
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const id = toHex(data.subarray(ID, ID + NEIGHBOUR_ID));
    if (view.getUint32(0) !== MAGIC || id === this.#own) return;
    if (this.#heard.size >= MOST && !this.#heard.has(id)) return;
    const [line, wanted] = [view.getUint32(12) * 1000, view.getUint32(16) * 1000];
    this.#heard.set(id, { line, wanted, at });
  }

  at(at: Milliseconds): Neighbours {
    for (const [id, { at: then }] of this.#heard) {
      if (at - then > HEARD_MS) this.#heard.delete(id);
    }
    const claims = [...this.#heard.values()];
    return {
      line: Math.max(0, ...claims.map(({ line }) => line)),
      wanted: claims.map(({ wanted }) => wanted),
    };
  }
}

/**
 * What is left to one that wants all there is, when all get as much but those that want less (max-min
 * fairness); no bound without others, or where nobody knows the line.
 *
 * @param alone what the line was found to carry while no other box was there, in bits per second.
 * @returns bits per second.
 */
export function evenPart(
  line: LineState,
  alone: number | undefined,
  { line: known, wanted }: Neighbours = NOBODY,
): number {
  const carries = Math.max(known, surelyCarries(line, alone));
  if (wanted.length === 0 || carries === 0) return Number.POSITIVE_INFINITY;
  let left = BELOW_KNEE * carries;
  let sharers = wanted.length + 1;
  for (const less of [...wanted].sort((a, b) => a - b)) {
    if (less >= left / sharers) break;
    left -= less;
    sharers--;
  }
  return left / sharers;
}
