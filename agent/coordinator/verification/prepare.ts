/**
 * The expensive half of verification, outside any lock: signatures and forms of a record and of
 * what it carries. What comes out needs only arithmetic and the store.
 */
import { type Expected, open, type Refused } from "../../accounting/envelope.ts";
import type { Environment, Receipt, Sealed } from "../../accounting/messages.ts";
import type { RefusalCode } from "../../accounting/refusal.ts";
import { type Hash, type PublicKey, sha256 } from "../../core/encoding.ts";
import type { UnixSeconds } from "../../core/units.ts";
import type { TicketTerms } from "./judge.ts";

export interface PreparedRecord {
  readonly ok: true;
  readonly record: Sealed<"record">;
  readonly ticketHash: Hash;
  /** undefined when the ticket is not the coordinator's; `code` says so. */
  readonly terms: TicketTerms | undefined;
  readonly receipt: Receipt | undefined;
  readonly code: RefusalCode | undefined;
}

/** Bytes that are no record of this box; where they stand can only be told by the next record. */
export interface UnreadableRecord {
  readonly ok: false;
  readonly hash: Hash;
  readonly bytes: Uint8Array;
  readonly code: RefusalCode;
}

export type Prepared = PreparedRecord | UnreadableRecord;

export interface TicketIssuers {
  readonly environment: Environment;
  /** The coordinator's key now, and keys it had, with the time from which they sign nothing new. */
  readonly current: PublicKey;
  readonly retired: ReadonlyMap<PublicKey, UnixSeconds>;
}

export interface Preparation {
  readonly issuers: TicketIssuers;
  /** Terms of a ticket that was issued or seen before, by the hash of its exact bytes. */
  readonly knownTerms: (hash: Hash) => TicketTerms | undefined;
  /** Called with a valid ticket that was not known. */
  readonly learn: (ticket: Sealed<"ticket">) => void;
}

export function createPreparation(options: Preparation) {
  return function prepareRecord(bytes: Uint8Array, box: PublicKey): Prepared {
    const { issuers } = options;
    const { environment } = issuers;
    const opened = open("record", bytes, { environment, signer: box });
    if (!opened.ok) return { ok: false, hash: sha256(bytes), bytes, code: opened.code };
    const record = opened.message;
    const ticketHash = sha256(record.body.ticket);
    const found = findTerms(record.body.ticket, ticketHash, issuers);
    if (!found.ok) {
      const code = found.code === "unknown-signer" ? "ticket-unknown" : found.code;
      return { ok: true, record, ticketHash, terms: undefined, receipt: undefined, code };
    }
    const { terms } = found;
    const signed = record.body.receipt;
    if (!signed)
      return { ok: true, record, ticketHash, terms, receipt: undefined, code: undefined };
    const expected: Expected<"receipt"> = { environment, signer: terms.viewer };
    const receipt = open("receipt", signed, expected);
    return receipt.ok
      ? { ok: true, record, ticketHash, terms, receipt: receipt.message.body, code: undefined }
      : { ok: true, record, ticketHash, terms, receipt: undefined, code: receipt.code };
  };

  function findTerms(
    bytes: Uint8Array,
    hash: Hash,
    issuers: TicketIssuers,
  ): { readonly ok: true; readonly terms: TicketTerms } | Refused {
    const known = options.knownTerms(hash);
    if (known) return { ok: true, terms: known };
    const signer = new Set([issuers.current, ...issuers.retired.keys()]);
    const opened = open("ticket", bytes, { environment: issuers.environment, signer });
    if (!opened.ok) return opened;
    const retiredAt = issuers.retired.get(opened.message.signer);
    if (retiredAt !== undefined && opened.message.body.notBefore > retiredAt) {
      return { ok: false, code: "unknown-signer", detail: "signed after the key was retired" };
    }
    options.learn(opened.message);
    return { ok: true, terms: opened.message.body };
  }
}

/** Remembers the most recently used terms; tickets never change, so it is never stale. */
export function createTermsCache(load: (hash: Hash) => TicketTerms | undefined, limit = 50_000) {
  const cache = new Map<Hash, TicketTerms>();
  return (hash: Hash): TicketTerms | undefined => {
    const known = cache.get(hash);
    if (known) return known;
    const terms = load(hash);
    if (terms) {
      const [oldest] = cache.size >= limit ? cache.keys() : [];
      if (oldest) cache.delete(oldest);
      cache.set(hash, terms);
    }
    return terms;
  };
}
