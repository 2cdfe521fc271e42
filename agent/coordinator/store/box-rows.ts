import type { Hash, PublicKey } from "../../core/encoding.ts";
import type { Bytes, MicroTokens, UnixSeconds } from "../../core/units.ts";
import type { SqliteDatabase } from "./sqlite.ts";

export interface BoxRow {
  readonly id: number;
  readonly key: PublicKey;
  /** Where its credits go. */
  readonly wallet: PublicKey;
  readonly enrolled_at: UnixSeconds;
  /** The newest generation seen. */
  readonly generation: number;
  readonly boot_counter: number;
  readonly credited_bytes: Bytes;
  /** All its credits so far. */
  readonly credited_tokens: MicroTokens;
  /** A refusal code while the box is held back. */
  readonly quarantine: string | null;
  readonly capacity: Bytes;
  /** JSON list of base URLs. */
  readonly addresses: string;
  readonly device: string;
  readonly version: string;
  readonly online: 0 | 1;
  readonly online_since: UnixSeconds;
  /** Of all its times online that have ended. */
  readonly online_seconds: number;
  readonly seen_at: UnixSeconds;
  /** The addresses that answered the last reachability check, spaced; null while there was none. */
  readonly reachable: string | null;
  readonly sharing: 0 | 1;
  readonly rate: number;
  readonly reported_at: UnixSeconds;
  readonly desired_version: number;
  /** sha-256 of the public key of the certificate it serves with; null where TLS is off. */
  readonly tls_key: Hash | null;
}

export interface BirthUpdate {
  readonly key: PublicKey;
  readonly wallet: PublicKey;
  readonly bootCounter: number;
  readonly capacity: Bytes;
  readonly addresses: readonly string[];
  readonly device: string;
  readonly version: string;
  readonly tlsKey?: Hash | undefined;
  readonly at: UnixSeconds;
}

export interface Holder {
  readonly id: number;
  readonly key: PublicKey;
  readonly wallet: PublicKey;
  readonly addresses: string;
  readonly rate: number;
  readonly permille: number;
  readonly reachable: string | null;
  readonly tls_key: Hash | null;
  /** Bytes of tickets that are still open on it. */
  readonly promised: number;
}

type RawBox = Omit<BoxRow, "credited_tokens"> & { readonly credited_tokens: number };

/** A box's credits stay below 2^53 for nine thousand million tokens; sums of many are bigint. */
const fromRaw = (raw: RawBox): BoxRow => ({
  ...raw,
  credited_tokens: BigInt(raw.credited_tokens) as MicroTokens,
});
const toBox = (raw: RawBox | undefined) => raw && fromRaw(raw);

export function createBoxRows(db: SqliteDatabase) {
  const byKey = db.prepare<RawBox>("SELECT * FROM boxes WHERE key = ?");
  const byId = db.prepare<RawBox>("SELECT * FROM boxes WHERE id = ?");
  const all = db.prepare<RawBox>("SELECT * FROM boxes ORDER BY id LIMIT ? OFFSET ?");
  const count = db.prepare<{ boxes: number }>("SELECT count(*) AS boxes FROM boxes");
  const enrol = db.prepare(
    "INSERT INTO boxes (key, wallet, enrolled_at) VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING",
  );
  const birth = db.prepare(
    `UPDATE boxes SET wallet = ?, boot_counter = ?, capacity = ?, addresses = ?, device = ?,
     version = ?, tls_key = ?, online_since = CASE online WHEN 1 THEN online_since ELSE ? END, online = 1,
     seen_at = ?, reported_at = CASE WHEN boot_counter < ? THEN 0 ELSE reported_at END
     WHERE key = ?`,
  );
  const comes = db.prepare(
    "UPDATE boxes SET online = 1, online_since = ?, seen_at = ? WHERE key = ? AND online = 0",
  );
  const goes = db.prepare(
    `UPDATE boxes SET online = 0, online_seconds = online_seconds + ? - online_since, seen_at = ?
     WHERE key = ? AND online = 1`,
  );
  const reported = db.prepare(
    `UPDATE boxes SET sharing = ?, rate = ?, reported_at = ?, seen_at = ? WHERE id = ?`,
  );
  const quarantine = db.prepare("UPDATE boxes SET quarantine = ? WHERE id = ?");
  const reachable = db.prepare("UPDATE boxes SET reachable = ? WHERE key = ?");
  const generation = db.prepare("UPDATE boxes SET generation = ? WHERE id = ?");
  const credit = db.prepare(
    `UPDATE boxes SET credited_bytes = credited_bytes + ?, credited_tokens = credited_tokens + ?
     WHERE id = ?`,
  );
  const ofWallet = db.prepare<{ key: PublicKey }>("SELECT key FROM boxes WHERE wallet = ?");
  const dropHoldings = db.prepare("DELETE FROM holdings WHERE box = ?");
  const addHolding = db.prepare(
    "INSERT OR REPLACE INTO holdings (box, title, permille) VALUES (?, ?, ?)",
  );
  const holdingsOf = db.prepare<{ title: Hash; permille: number }>(
    "SELECT title, permille FROM holdings WHERE box = ? ORDER BY title",
  );
  const dropBlocked = db.prepare("DELETE FROM blocked WHERE box = ?");
  const addBlocked = db.prepare("INSERT OR REPLACE INTO blocked (box, title) VALUES (?, ?)");
  const allBlocked = db.prepare<{ box: number; title: Hash }>("SELECT box, title FROM blocked");
  const allHoldings = db.prepare<{ box: number; title: Hash }>("SELECT box, title FROM holdings");
  const allPlacements = db.prepare<{ box: number; title: Hash }>(
    "SELECT box, title FROM placements ORDER BY title, box",
  );
  const placementsOf = db.prepare<{ title: Hash }>(
    "SELECT title FROM placements WHERE box = ? ORDER BY title",
  );
  const dropPlacements = db.prepare("DELETE FROM placements WHERE box = ?");
  const addPlacement = db.prepare("INSERT INTO placements (box, title) VALUES (?, ?)");
  const nextDesired = db.prepare<{ desired_version: number }>(
    `UPDATE boxes SET desired_version = max(desired_version + 1, ?) WHERE id = ?
     RETURNING desired_version`,
  );
  const holders = db.prepare<Holder>(
    `SELECT b.id, b.key, b.wallet, b.addresses, b.rate, h.permille, b.reachable, b.tls_key,
       (SELECT coalesce(sum(t.max_bytes - t.proven_bytes), 0) FROM tickets t
        WHERE t.box = b.key AND t.expires > ?) AS promised
     FROM holdings h JOIN boxes b ON b.id = h.box
     WHERE h.title = ? AND h.permille > 0 AND b.online = 1 AND b.sharing = 1
       AND b.quarantine IS NULL AND b.addresses <> '[]'
       AND (? = 0 OR EXISTS
         (SELECT 1 FROM placements p WHERE p.box = b.id AND p.title = h.title))
     ORDER BY b.seen_at DESC LIMIT 500`,
  );
  return {
    get: (key: PublicKey) => toBox(byKey.get(key)),
    byId: (id: number) => toBox(byId.get(id)),
    page: (limit: number, offset: number) => all.all(limit, offset).map(fromRaw),
    count: () => count.get()?.boxes ?? 0,
    /** Idempotent: a known box stays as it is. */
    enrol: (key: PublicKey, wallet: PublicKey, at: UnixSeconds) =>
      enrol.run(key, wallet, at).changes === 1,
    /** With a new start a new order of reports begins: the box's clock may be another one. */
    noteBirth: (b: BirthUpdate) =>
      birth.run(
        b.wallet,
        b.bootCounter,
        b.capacity,
        JSON.stringify(b.addresses),
        b.device,
        b.version,
        b.tlsKey ?? null,
        b.at,
        b.at,
        b.bootCounter,
        b.key,
      ),
    setOnline: (key: PublicKey, is: boolean, at: UnixSeconds) =>
      (is ? comes : goes).run(at, at, key),
    noteReport(id: number, sharing: boolean, rate: number, at: UnixSeconds, now: UnixSeconds) {
      reported.run(sharing ? 1 : 0, rate, at, now, id);
    },
    replaceHoldings(
      id: number,
      titles: readonly { title: Hash; permille: number }[],
      blocked: readonly Hash[],
    ) {
      dropHoldings.run(id);
      for (const { title, permille } of titles) addHolding.run(id, title, permille);
      dropBlocked.run(id);
      for (const title of blocked) addBlocked.run(id, title);
    },
    ofWallet: (wallet: PublicKey) => ofWallet.all(wallet).map((row) => row.key),
    holdings: (id: number) => holdingsOf.all(id),
    allHoldings: () => allHoldings.all(),
    allBlocked: () => allBlocked.all(),
    allPlacements: () => allPlacements.all(),
    placements: (id: number) => placementsOf.all(id).map((row) => row.title),
    replacePlacements(id: number, titles: readonly Hash[]) {
      dropPlacements.run(id);
      for (const title of titles) addPlacement.run(id, title);
    },
    /** Above all earlier ones, also of a store that was since restored to an older state. */
    nextDesiredVersion: (id: number, now: UnixSeconds) =>
      nextDesired.get(now, id)?.desired_version ?? now,
    quarantine: (id: number, code: string | undefined) => quarantine.run(code ?? null, id),
    /** What answered; undefined when nobody has looked. */
    setReachable: (key: PublicKey, addresses: readonly string[] | undefined) =>
      reachable.run(addresses?.join(" ") ?? null, key),
    noteGeneration: (id: number, newest: number) => generation.run(newest, id),
    addCredit: (id: number, bytes: number, tokens: bigint) => credit.run(bytes, tokens, id),
    /** Boxes that share the title now, newest contact first; at most 500. */
    holders: (title: Hash, now: UnixSeconds, onlyPlaced: boolean) =>
      holders.all(now, title, onlyPlaced ? 1 : 0),
  };
}
