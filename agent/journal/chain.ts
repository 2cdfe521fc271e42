/** Where a box's chain of usage records stands, and how it goes on after a start. All pure. */
import type { Hash, PublicKey } from "../core/encoding.ts";
import { type MicroTokens, microTokens } from "../core/units.ts";
import type { Floor, StoredFloor } from "./floor.ts";
import type { ChainRow } from "./schema.ts";

export const NO_HEAD = "0".repeat(64) as Hash;

export interface Chain {
  readonly generation: number;
  /** Of the newest record; 0 in a generation without any. */
  readonly sequence: number;
  /** Hash of the newest record. */
  readonly head: Hash;
  readonly acked: number;
  readonly ackedHead: Hash;
  /** All credits so far, as the coordinator last said. */
  readonly credited: MicroTokens;
  /** Why the coordinator holds this box back, as a code. */
  readonly quarantine: string | undefined;
  /** Times the agent was started on this state directory. */
  readonly boots: number;
}

export const emptyChain = (generation: number): Chain => ({
  generation,
  sequence: 0,
  head: NO_HEAD,
  acked: 0,
  ackedHead: NO_HEAD,
  credited: microTokens(0n),
  quarantine: undefined,
  boots: 0,
});

/** The same box in a new generation: the count starts again, what is not of the chain stays. */
export const nextGeneration = (chain: Chain, generation: number): Chain => ({
  ...emptyChain(generation),
  credited: chain.credited,
  quarantine: chain.quarantine,
  boots: chain.boots,
});

export type Start =
  | { readonly way: "continue" }
  | { readonly way: "new-generation"; readonly generation: number; readonly why: string };

/**
 * May the chain found in the journal go on? Only when it provably holds every number that ever left
 * the box. `hashAt` tells the hash of a stored record, undefined for one that is not kept any more.
 */
export function decideStart(
  chain: Chain | undefined,
  stored: StoredFloor,
  hashAt: (sequence: number) => Hash | undefined,
): Start {
  const begin = (generation: number, why: string): Start => ({
    way: "new-generation",
    generation,
    why,
  });
  if (stored.state !== "known") {
    if (!chain) return begin(1, stored.state === "none" ? "first start" : "sequence floor damaged");
    return begin(
      chain.generation + 1,
      `sequence floor ${stored.state === "none" ? "gone" : "damaged"}`,
    );
  }
  const { floor } = stored;
  if (!chain) return begin(floor.generation + 1, "journal gone");
  if (chain.generation > floor.generation) return { way: "continue" };
  if (chain.generation < floor.generation || chain.sequence < floor.sequence) {
    return begin(floor.generation + 1, "journal older than what was sent");
  }
  if (!continues(chain, floor, hashAt)) {
    return begin(floor.generation + 1, "journal holds other records than were sent");
  }
  return { way: "continue" };
}

/** A record that was acked and pruned was seen by the coordinator, so it was the one that was sent. */
function continues(chain: Chain, floor: Floor, hashAt: (sequence: number) => Hash | undefined) {
  if (floor.sequence === chain.sequence) return floor.head === chain.head;
  if (floor.sequence === chain.acked) return floor.head === chain.ackedHead;
  const found = hashAt(floor.sequence);
  return found === undefined ? floor.sequence < chain.acked : found === floor.head;
}

export const chainToRow = (chain: Chain, box: PublicKey): ChainRow => ({
  id: 1,
  box,
  generation: chain.generation,
  sequence: chain.sequence,
  head: chain.head,
  acked: chain.acked,
  acked_head: chain.ackedHead,
  credited: String(chain.credited),
  quarantine: chain.quarantine ?? null,
  boots: chain.boots,
});

/** The row's digest has been checked, so its texts are what `chainToRow` wrote. */
export const chainFromRow = (row: ChainRow): Chain => ({
  generation: row.generation,
  sequence: row.sequence,
  head: row.head as Hash,
  acked: row.acked,
  ackedHead: row.acked_head as Hash,
  credited: microTokens(BigInt(row.credited)),
  quarantine: row.quarantine ?? undefined,
  boots: row.boots,
});
