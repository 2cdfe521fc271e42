import { seal } from "../../accounting/envelope.ts";
import { MAX_BATCH } from "../../accounting/limits.ts";
import type { Ack, Environment, Sealed } from "../../accounting/messages.ts";
import type { PublicKey } from "../../core/encoding.ts";
import type { UnixSeconds } from "../../core/units.ts";
import type { Signer } from "../../identity/ed25519.ts";
import type { Store } from "../store/store.ts";
import { chainOf, NO_HASH } from "./chain.ts";

export interface AckOptions {
  readonly store: Store;
  readonly signer: Signer;
  readonly environment: Environment;
}

/** Which part of a box's chain an ack answers for. */
export interface AckRange {
  readonly generation: number;
  /** Refusals from here on are named again. */
  readonly from: number;
  readonly resendFrom?: number | undefined;
}

/**
 * The coordinator's word on a generation as it stands in the store, signed and kept; inside the
 * transaction that changed it, so that no ack says what could still be undone.
 */
export function makeAck(
  key: PublicKey,
  { generation, from, resendFrom }: AckRange,
  { store, signer, environment }: AckOptions,
  now: UnixSeconds,
): Sealed<"ack"> {
  const box = store.boxes.get(key);
  if (!box) throw new Error(`no box ${key} to acknowledge`);
  const chain = chainOf(store.records.chains(box.id), generation);
  const upTo = chain?.sequence ?? 0;
  const body: Ack = {
    box: key,
    generation,
    upTo,
    head: chain?.head ?? NO_HASH,
    refused: store.records.refusedBetween(box.id, generation, from, upTo, MAX_BATCH),
    creditedTotal: box.credited_tokens,
    ...(resendFrom !== undefined && { resendFrom }),
    ...(box.quarantine !== null && { quarantine: box.quarantine }),
    at: now,
  };
  const ack = seal("ack", body, signer, environment);
  store.statements.saveAck(box.id, generation, ack.bytes);
  return ack;
}
