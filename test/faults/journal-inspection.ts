/** What a test reads out of a journal: every record as a body, and how far each ticket is proven. */
import { open } from "../../agent/accounting/envelope.ts";
import type { UsageRecord } from "../../agent/accounting/messages.ts";
import { type Hash, sha256 } from "../../agent/core/encoding.ts";
import type { Journal } from "../../agent/journal/journal.ts";
import { bodyOf, environment, everything } from "../../agent/journal/journal-testing.ts";

/** Bytes that a record's receipt signs for; 0 without one. */
export function provenBy(record: UsageRecord): number {
  if (!record.receipt) return 0;
  const opened = open("receipt", record.receipt, { environment, signer: signerOf(record.receipt) });
  if (!opened.ok) throw new Error(opened.detail);
  return opened.message.body.bytes;
}

/** The key in a message's header, at its one place (docs/protocol.md). */
const signerOf = (message: Uint8Array) =>
  Buffer.from(message.subarray(10, 42)).toString("hex") as Parameters<typeof open>[2]["signer"] &
    string;

/** The most that the journal's waiting records prove of each ticket. */
export function provenByTicket(journal: Journal): Map<Hash, number> {
  const proven = new Map<Hash, number>();
  for (const record of journal.pending(0, everything).map(bodyOf)) {
    const ticket = sha256(record.ticket);
    proven.set(ticket, Math.max(proven.get(ticket) ?? 0, provenBy(record)));
  }
  return proven;
}

/** Throws where the waiting records are not one unbroken chain. */
export function checkChain(journal: Journal): void {
  const records = journal.pending(0, everything);
  let { acked: sequence, ackedHead: head } = journal.chain;
  for (const record of records) {
    const body = bodyOf(record);
    if (body.sequence !== sequence + 1 || body.previous !== head) {
      throw new Error(`record ${body.sequence} does not follow ${sequence}`);
    }
    sequence = body.sequence;
    head = sha256(record.bytes);
  }
  if (journal.chain.sequence !== sequence || journal.chain.head !== head) {
    throw new Error(`the chain says ${journal.chain.sequence}, its records end at ${sequence}`);
  }
}
