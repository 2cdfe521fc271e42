/** What a coordinator's ack means for this box's chain. Pure. */
import type { Ack } from "../accounting/messages.ts";
import type { Hash, PublicKey } from "../core/encoding.ts";
import type { MicroTokens } from "../core/units.ts";
import type { Chain } from "./chain.ts";

export type AckOutcome =
  | { readonly result: "ignored"; readonly why: "other-box" | "old-generation" }
  /** Records up to `chain.acked` may go. `resendFrom` is what the coordinator still waits for. */
  | {
      readonly result: "applied";
      readonly chain: Chain;
      readonly resendFrom: number | undefined;
    }
  /**
   * The coordinator holds records under this key that this journal never made: its storage was rolled
   * back, or another device uses the key. A new generation tells the two apart.
   */
  | {
      readonly result: "new-generation";
      readonly chain: Chain;
      readonly generation: number;
      readonly why: string;
    };

/** `hashAt` tells the hash of a stored record, undefined for one that is not kept any more. */
export function decideAck(
  ack: Ack,
  chain: Chain,
  box: PublicKey,
  hashAt: (sequence: number) => Hash | undefined,
): AckOutcome {
  if (ack.box !== box) return { result: "ignored", why: "other-box" };
  if (ack.generation < chain.generation) return { result: "ignored", why: "old-generation" };
  const told: Chain = {
    ...chain,
    credited: larger(ack.creditedTotal, chain.credited),
    quarantine: ack.quarantine,
  };
  const why = strangeness(ack, chain, hashAt);
  if (why !== undefined) {
    // Held back already: a new generation would only chase the other claimant's.
    if (ack.quarantine !== undefined) {
      return { result: "applied", chain: told, resendFrom: undefined };
    }
    return { result: "new-generation", chain: told, generation: ack.generation + 1, why };
  }
  const resendFrom = ack.resendFrom;
  if (ack.upTo <= chain.acked) return { result: "applied", chain: told, resendFrom };
  return {
    result: "applied",
    chain: { ...told, acked: ack.upTo, ackedHead: ack.head },
    resendFrom,
  };
}

/** Acks may overtake one another; what was credited once stays credited. */
function larger(a: MicroTokens, b: MicroTokens): MicroTokens {
  if (a > b) return a;
  return b;
}

function strangeness(ack: Ack, chain: Chain, hashAt: (sequence: number) => Hash | undefined) {
  if (ack.generation > chain.generation) return "the coordinator knows a later generation";
  if (ack.upTo > chain.sequence) return "the coordinator knows later records";
  if (ack.upTo === 0) return undefined;
  const known = ack.upTo === chain.acked ? chain.ackedHead : hashAt(ack.upTo);
  return known === undefined || known === ack.head
    ? undefined
    : "the coordinator knows another record under this number";
}
