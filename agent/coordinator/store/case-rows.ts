import type { UnixSeconds } from "../../core/units.ts";
import type { SqliteDatabase } from "./sqlite.ts";

export interface EvidenceRow {
  readonly id: number;
  /** The key that it is about. */
  readonly subject: string;
  readonly code: string;
  /** Signed bytes; two that contradict one another prove the matter to anyone. */
  readonly first: Uint8Array | null;
  readonly second: Uint8Array | null;
  readonly note: string;
  readonly found_at: UnixSeconds;
}

export interface AppealRow {
  readonly id: number;
  readonly subject: string;
  readonly text: string;
  /** JSON: ids of the evidence at the time of the appeal. */
  readonly evidence: string;
  readonly made_at: UnixSeconds;
  readonly decision: string | null;
  readonly decided_at: UnixSeconds | null;
}

/** Evidence against keys and their owners' appeals; nothing here is ever deleted. */
export function createCaseRows(db: SqliteDatabase) {
  const insert = db.prepare<{ id: number }>(
    `INSERT INTO evidence (subject, code, first, second, note, found_at) VALUES (?, ?, ?, ?, ?, ?)
     RETURNING id`,
  );
  const known = db.prepare<{ id: number }>(
    "SELECT id FROM evidence WHERE subject = ? AND code = ? AND note = ? LIMIT 1",
  );
  const about = db.prepare<EvidenceRow>("SELECT * FROM evidence WHERE subject = ? ORDER BY id");
  const flags = db.prepare<{ subject: string; code: string; cases: number }>(
    "SELECT subject, code, count(*) AS cases FROM evidence GROUP BY subject, code",
  );
  const appeal = db.prepare<{ id: number }>(
    `INSERT INTO appeals (subject, text, evidence, request, made_at) VALUES (?, ?, ?, ?, ?)
     RETURNING id`,
  );
  const openOf = db.prepare<{ appeals: number }>(
    "SELECT count(*) AS appeals FROM appeals WHERE subject = ? AND decision IS NULL",
  );
  const appeals = db.prepare<AppealRow>(
    `SELECT id, subject, text, evidence, made_at, decision, decided_at FROM appeals
     ORDER BY id DESC LIMIT ?`,
  );
  const decide = db.prepare<{ subject: string }>(
    `UPDATE appeals SET decision = ?, decided_at = ? WHERE id = ? AND decision IS NULL
     RETURNING subject`,
  );
  return {
    /** Notes a case once: the same code and note about one key is not repeated. */
    note(row: Omit<EvidenceRow, "id">): number {
      const before = known.get(row.subject, row.code, row.note);
      const id =
        before?.id ??
        insert.get(row.subject, row.code, row.first, row.second, row.note, row.found_at)?.id;
      if (id === undefined) throw new Error(`cannot keep evidence about ${row.subject}`);
      return id;
    },
    about: (subject: string) => about.all(subject),
    flags: () => flags.all(),
    appeal: (
      subject: string,
      text: string,
      evidence: readonly number[],
      request: Uint8Array,
      at: UnixSeconds,
    ) => appeal.get(subject, text, JSON.stringify(evidence), request, at)?.id,
    openAppeals: (subject: string) => openOf.get(subject)?.appeals ?? 0,
    appeals: (limit: number) => appeals.all(limit),
    /** Returns whom it was about; undefined when there is no such open appeal. */
    decide: (id: number, decision: string, at: UnixSeconds) =>
      decide.get(decision, at, id)?.subject,
  };
}
