import type { Environment } from "../../accounting/messages.ts";
import type { Hash } from "../../core/encoding.ts";
import type { Signer } from "../../identity/ed25519.ts";
import type { Store } from "../store/store.ts";
import type { TicketRow } from "../store/ticket-rows.ts";
import { type CreditingOptions, createCrediting } from "./crediting.ts";
import type { TicketTerms } from "./judge.ts";
import { createPreparation, createTermsCache } from "./prepare.ts";

export type VerifierOptions = Omit<CreditingOptions, "prepare"> & {
  readonly signer: Signer;
  readonly environment: Environment;
};

/** Both halves of verification over one store: `prepare` outside the lock, `credit` inside it. */
export function createVerifier(options: VerifierOptions) {
  const { store, signer, environment } = options;
  const retired = store.trust.retiredKeys();
  const prepare = createPreparation({
    issuers: { environment, current: signer.publicKey, retired },
    knownTerms: createTermsCache((hash: Hash) => termsOf(store, hash)),
    learn: (ticket) => store.tickets.add(ticket.hash, ticket.body, undefined),
  });
  return { prepare, credit: createCrediting({ ...options, prepare }) };
}

function termsOf(store: Store, hash: Hash): TicketTerms | undefined {
  const row: TicketRow | undefined = store.tickets.get(hash);
  if (!row) return undefined;
  const { box, viewer, title, split } = row;
  return {
    box,
    viewer,
    title,
    split,
    priceList: row.price_list,
    maxBytes: row.max_bytes,
    notBefore: row.not_before,
    expires: row.expires,
    settleBy: row.settle_by,
  };
}
