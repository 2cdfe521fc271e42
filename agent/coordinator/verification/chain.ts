/**
 * Where a record belongs in its box's chains. Pure: a chain only grows at its end, each number is
 * taken once, and a second record with a taken number is proof against its signer.
 */
import type { Sealed } from "../../accounting/messages.ts";
import type { Hash } from "../../core/encoding.ts";
import type { UnixSeconds } from "../../core/units.ts";
import type { Chain } from "../store/record-rows.ts";

export const NO_HASH = "0".repeat(64) as Hash;

export type Place =
  | { readonly at: "next"; readonly chain: Chain | undefined }
  | { readonly at: "before" }
  /** Kept until the missing ones arrive. */
  | { readonly at: "later"; readonly missing: number }
  /** Contradicts the stored record of that number. */
  | { readonly at: "conflict"; readonly sequence: number }
  /** A closed generation goes on: two devices sign with one key. */
  | { readonly at: "closed" };

/** The chain of a generation, or what it is before its first record. */
export const chainOf = (chains: readonly Chain[], generation: number) =>
  chains.find((chain) => chain.generation === generation);

export interface ChainView {
  readonly chains: readonly Chain[];
  /** Hash of the record stored under a number. */
  storedHash(generation: number, sequence: number): Hash | undefined;
}

/**
 * @param issuedAt when the coordinator issued the record's ticket, by its own clock: a record that
 * extends an older generation with a ticket from after the newer one began was made by a second device.
 */
export function place(
  record: Sealed<"record">,
  view: ChainView,
  issuedAt: UnixSeconds | undefined,
): Place {
  const { generation, sequence, previous } = record.body;
  const chain = chainOf(view.chains, generation);
  const reached = chain?.sequence ?? 0;
  if (sequence <= reached) {
    const same = view.storedHash(generation, sequence) === record.hash;
    return same ? { at: "before" } : { at: "conflict", sequence };
  }
  const newer = view.chains.find((other) => other.generation > generation);
  if (newer && issuedAt !== undefined && issuedAt > newer.openedAt) return { at: "closed" };
  if (sequence > reached + 1) return { at: "later", missing: reached + 1 };
  if (previous !== (chain?.head ?? NO_HASH)) return { at: "conflict", sequence: reached };
  return { at: "next", chain };
}
