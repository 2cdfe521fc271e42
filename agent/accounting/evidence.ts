/** A usage record with the ticket and the receipt inside it: what a payment rests on. */
import { type Hash, type PublicKey, sha256 } from "../core/encoding.ts";
import { type Bytes, bytes } from "../core/units.ts";
import { type Opened, open, type Refused } from "./envelope.ts";
import type { Environment, Sealed } from "./messages.ts";
import type { RefusalCode } from "./refusal.ts";
import { judgeReceipt } from "./ticket-use.ts";

export interface Evidence {
  readonly record: Sealed<"record">;
  readonly ticket: Sealed<"ticket">;
  readonly receipt?: Sealed<"receipt">;
  /** Bytes of the ticket that are proven so far: signed for, and no more than the box says it sent. */
  readonly proven: Bytes;
}

export type OpenedEvidence =
  | { readonly ok: true; readonly evidence: Evidence }
  /** `record` is there when the box did sign it, so that the refusal can be acked by its number. */
  | (Refused & { readonly record?: Sealed<"record"> });

export interface EvidenceExpected {
  readonly environment: Environment;
  /** The box whose record it should be; any when undefined. */
  readonly box?: PublicKey;
  /** The coordinator's keys, old ones too while their tickets settle. */
  readonly coordinators: ReadonlySet<PublicKey>;
  /** Tickets opened before, by the hash of their bytes: records of one ticket repeat it. */
  readonly knownTicket?: (hash: Hash) => Sealed<"ticket"> | undefined;
}

/** Opens record, ticket and receipt, and checks that they belong together. Never throws on bytes. */
export function openEvidence(
  bytesReceived: Uint8Array,
  expected: EvidenceExpected,
): OpenedEvidence {
  const { environment } = expected;
  const opened = open("record", bytesReceived, { environment, signer: expected.box });
  if (!opened.ok) return opened;
  const record = opened.message;
  const refuse = (code: RefusalCode, detail: string): OpenedEvidence => ({
    ok: false,
    code,
    detail: `record ${record.body.sequence}: ${detail}`,
    record,
  });
  const ticket = openTicket(record.body.ticket, expected);
  if (!ticket.ok) return refuse(ticket.code, ticket.detail);
  if (ticket.message.body.box !== record.body.box) {
    return refuse("wrong-box", `its ticket is for ${ticket.message.body.box}`);
  }
  if (record.body.receipt === undefined) {
    return { ok: true, evidence: { record, ticket: ticket.message, proven: bytes(0) } };
  }
  const signer = ticket.message.body.viewer;
  const receipt = open("receipt", record.body.receipt, { environment, signer });
  if (!receipt.ok) return refuse(receipt.code, receipt.detail);
  const judged = judgeReceipt(ticket.message, receipt.message);
  if (!judged.ok) return refuse(judged.code, "its receipt does not fit its ticket");
  const proven = bytes(Math.min(receipt.message.body.bytes, record.body.wireBytes));
  return {
    ok: true,
    evidence: { record, ticket: ticket.message, receipt: receipt.message, proven },
  };
}

function openTicket(signed: Uint8Array, expected: EvidenceExpected): Opened<"ticket"> {
  const known = expected.knownTicket?.(sha256(signed));
  if (known) return { ok: true, message: known };
  const { environment, coordinators } = expected;
  return open("ticket", signed, { environment, signer: coordinators });
}
