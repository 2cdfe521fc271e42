import type { Split, TitleKind } from "../../accounting/messages.ts";
import type { Party } from "../../accounting/shares.ts";
import type { Hash, PublicKey } from "../../core/encoding.ts";
import { type Bytes, bytes, type UnixSeconds } from "../../core/units.ts";
import type { SqliteDatabase } from "./sqlite.ts";

export interface TitleRow {
  readonly title: Hash;
  readonly slug: string;
  readonly name: string;
  readonly kind: TitleKind;
  readonly creator: PublicKey;
  /** The signed bytes. */
  readonly manifest: Uint8Array;
  readonly size: Bytes;
  /** The split that new tickets name. */
  readonly split: Hash;
  readonly complete: 0 | 1;
  /** Why it was taken down, where it was. */
  readonly takedown: string | null;
  readonly created_at: UnixSeconds;
  readonly taken_at: UnixSeconds | null;
}

export interface Takedown {
  readonly title: Hash;
  readonly reason: string;
  readonly at: UnixSeconds;
}

export interface SplitRow {
  readonly split: Hash;
  readonly version: number;
  readonly parties: readonly Party[];
  /** The signed bytes of each party, base64url. */
  readonly signed: readonly string[];
}

export interface TitleDemand {
  readonly title: Hash;
  readonly size: Bytes;
  /** Requests an hour, decayed. */
  readonly weight: number;
  readonly at: UnixSeconds;
}

export function createTitleRows(db: SqliteDatabase) {
  const byHash = db.prepare<TitleRow>("SELECT * FROM titles WHERE title = ?");
  const bySlug = db.prepare<TitleRow>(
    `SELECT * FROM titles WHERE slug = ? AND takedown IS NULL AND creator =
       (SELECT creator FROM titles WHERE slug = ? AND takedown IS NULL ORDER BY created_at, title LIMIT 1)
     ORDER BY created_at DESC, title LIMIT 1`,
  );
  const list = db.prepare<TitleRow>(
    "SELECT * FROM titles WHERE takedown IS NULL ORDER BY created_at DESC, title LIMIT ? OFFSET ?",
  );
  const insert = db.prepare(
    `INSERT INTO titles (title, slug, name, kind, creator, manifest, size, split, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (title) DO NOTHING`,
  );
  const complete = db.prepare("UPDATE titles SET complete = ? WHERE title = ?");
  const takedown = db.prepare(
    "UPDATE titles SET takedown = ?, taken_at = coalesce(taken_at, ?) WHERE title = ?",
  );
  const takedowns = db.prepare<Takedown>(
    `SELECT title, takedown AS reason, taken_at AS at FROM titles
     WHERE taken_at IS NOT NULL ORDER BY taken_at DESC, title LIMIT ? OFFSET ?`,
  );
  const takenFrom = db.prepare<{ title: Hash }>(
    `SELECT t.title FROM holdings h JOIN titles t ON t.title = h.title
     WHERE h.box = ? AND t.taken_at IS NOT NULL`,
  );
  const published = db.prepare<{ bytes: number }>(
    `SELECT coalesce(sum(size + length(manifest)), 0) AS bytes FROM titles
     WHERE creator = ? AND takedown IS NULL`,
  );
  const insertSplit = db.prepare(
    `INSERT INTO splits (split, version, parties, signed) VALUES (?, ?, ?, ?)
     ON CONFLICT (split) DO NOTHING`,
  );
  const bySplit = db.prepare<{ split: Hash; version: number; parties: string; signed: string }>(
    "SELECT * FROM splits WHERE split = ?",
  );
  const nameSplit = db.prepare(
    "INSERT INTO title_splits (title, version, split) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const useSplit = db.prepare("UPDATE titles SET split = ? WHERE title = ?");
  const addDemand = db.prepare(
    `INSERT INTO demand (title, weight, at) VALUES (?, ?, ?)
     ON CONFLICT (title) DO UPDATE SET weight = excluded.weight, at = excluded.at`,
  );
  const demandOf = db.prepare<{ weight: number; at: UnixSeconds }>(
    "SELECT weight, at FROM demand WHERE title = ?",
  );
  const demands = db.prepare<TitleDemand>(
    `SELECT t.title, t.size, coalesce(d.weight, 1) AS weight, coalesce(d.at, t.created_at) AS at
     FROM titles t LEFT JOIN demand d ON d.title = t.title
     WHERE t.complete = 1 AND t.takedown IS NULL ORDER BY weight DESC, t.title`,
  );
  return {
    get: (title: Hash) => byHash.get(title),
    /** The newest title of that short name by whoever used it first; nobody else can take it over. */
    bySlug: (slug: string) => bySlug.get(slug, slug),
    page: (limit: number, offset: number) => list.all(limit, offset),
    add: (row: Omit<TitleRow, "complete" | "takedown" | "taken_at">) =>
      insert.run(
        row.title,
        row.slug,
        row.name,
        row.kind,
        row.creator,
        row.manifest,
        row.size,
        row.split,
        row.created_at,
      ),
    setComplete: (title: Hash, is: boolean) => complete.run(is ? 1 : 0, title),
    /** False when there is no such title. A second notice changes the reason, not the time. */
    takeDown: (title: Hash, reason: string, at: UnixSeconds) =>
      takedown.run(reason, at, title).changes === 1,
    /** Newest first. */
    takedowns: (limit: number, offset: number) => takedowns.all(limit, offset),
    /** Titles that were taken down and that the box said it holds. */
    takenFrom: (box: number) => takenFrom.all(box).map(({ title }) => title),
    /** Bytes of everything that a creator has here, manifests included. */
    publishedBy: (creator: PublicKey) => bytes(published.get(creator)?.bytes ?? 0),
    addSplit: (split: Hash, body: Split, signed: readonly string[]) =>
      insertSplit.run(split, body.version, JSON.stringify(body.parties), JSON.stringify(signed)),
    split(split: Hash): SplitRow | undefined {
      const row = bySplit.get(split);
      return (
        row && {
          split: row.split,
          version: row.version,
          parties: JSON.parse(row.parties) as Party[],
          signed: JSON.parse(row.signed) as string[],
        }
      );
    },
    /** New tickets of the title name this split from now on. */
    useSplit(title: Hash, version: number, split: Hash) {
      nameSplit.run(title, version, split);
      useSplit.run(split, title);
    },
    demandOf: (title: Hash) => demandOf.get(title),
    noteDemand: (title: Hash, weight: number, at: UnixSeconds) => addDemand.run(title, weight, at),
    /** Every title that can be placed, with its demand as last noted; a new one is expected to be asked for. */
    demands: () => demands.all(),
  };
}
