/** Usage records as the household reads them: what was proven for which title, and what became of it. */
import { openEvidence } from "../accounting/evidence.ts";
import type { Environment } from "../accounting/messages.ts";
import { explainRefusal } from "../accounting/refusal.ts";
import type { PublicKey } from "../core/encoding.ts";
import type { Journal } from "../journal/journal.ts";
import type { RecordRow } from "../status/sources.ts";
import { refusedRecords } from "./refused-records.ts";

export interface RecordReader {
  readonly journal: Journal;
  readonly environment: Environment;
  readonly coordinators: ReadonlySet<PublicKey>;
}

/** Newest first, at most `limit`, with sequences below `before` where it is given. */
export function recordRows(
  reader: RecordReader,
  limit: number,
  before = Number.POSITIVE_INFINITY,
): readonly RecordRow[] {
  const { journal, environment, coordinators } = reader;
  const refused = refusedRecords({ ...reader, coordinators: () => coordinators });
  const { generation, acked } = journal.chain;
  const kept: Uint8Array[] = [];
  for (const record of journal.records()) {
    if (record.sequence >= before) continue;
    kept.push(record.bytes);
    if (kept.length > limit) kept.shift();
  }
  return kept.reverse().flatMap((signed): RecordRow[] => {
    const opened = openEvidence(signed, { environment, coordinators });
    if (!opened.ok) return [];
    const { record, ticket, proven } = opened.evidence;
    const { body } = record;
    const code = refused.get(`${body.generation}/${body.sequence}`);
    const pending = body.generation === generation && body.sequence > acked;
    return [
      {
        generation: body.generation,
        sequence: body.sequence,
        title: ticket.body.title,
        provenBytes: proven,
        wireBytes: body.wireBytes,
        wallTime: body.wallTime,
        closeReason: body.closeReason,
        outcome: pending ? "pending" : code === undefined ? "credited" : "refused",
        ...(code !== undefined && { code, why: explainRefusal(code).text }),
      },
    ];
  });
}
