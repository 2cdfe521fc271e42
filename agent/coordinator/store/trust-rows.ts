import { fromHex, type PublicKey, toHex } from "../../core/encoding.ts";
import type { UnixSeconds } from "../../core/units.ts";
import type { SqliteDatabase } from "./sqlite.ts";

/**
 * What the coordinator has seen of keys: from which networks (as keyed hashes, never addresses),
 * which requests they made, who complained about whom.
 */
export function createTrustRows(db: SqliteDatabase) {
  const see = db.prepare(
    `INSERT INTO sightings (key, network, seen_at) VALUES (?, ?, ?)
     ON CONFLICT (key, network) DO UPDATE SET seen_at = excluded.seen_at`,
  );
  const neighbours = db.prepare<{ key: PublicKey }>(
    `SELECT DISTINCT b.key FROM sightings a JOIN sightings b ON b.network = a.network
     WHERE a.key = ? AND a.seen_at >= ? AND b.seen_at >= ?`,
  );
  const secret = db.prepare<{ value: Uint8Array }>("SELECT value FROM secrets WHERE name = ?");
  const addSecret = db.prepare(
    "INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING",
  );
  const shared = db.prepare<{ network: string; keys: number }>(
    `SELECT a.network, (SELECT count(*) FROM sightings c JOIN boxes b ON b.key = c.key
       WHERE c.network = a.network AND c.seen_at >= ?) AS keys
     FROM sightings a JOIN sightings b ON b.network = a.network
     WHERE a.key = ? AND b.key = ? AND a.seen_at >= ? AND b.seen_at >= ?`,
  );
  const forget = db.prepare("DELETE FROM sightings WHERE seen_at < ?");
  const spend = db.prepare(
    "INSERT INTO nonces (nonce, expires) VALUES (?, ?) ON CONFLICT DO NOTHING",
  );
  const dropNonces = db.prepare("DELETE FROM nonces WHERE expires < ?");
  const complain = db.prepare(
    `INSERT INTO complaints (box, viewer, reason, made_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (box, viewer, reason) DO UPDATE SET made_at = excluded.made_at`,
  );
  const complainers = db.prepare<{ box: PublicKey; viewers: number }>(
    `SELECT box, count(DISTINCT viewer) AS viewers FROM complaints
     WHERE reason = ? AND made_at >= ? GROUP BY box`,
  );
  const strike = db.prepare(
    `INSERT INTO strikes (viewer, box, made_at) VALUES (?, ?, ?)
     ON CONFLICT (viewer, box) DO UPDATE SET made_at = excluded.made_at`,
  );
  const pardon = db.prepare("DELETE FROM strikes WHERE viewer = ? AND box = ?");
  const strikes = db.prepare<{ boxes: number }>(
    "SELECT count(*) AS boxes FROM strikes WHERE viewer = ? AND made_at >= ?",
  );
  const joinRing = db.prepare(
    `INSERT INTO rings (key, ring, until) VALUES (?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET ring = excluded.ring, until = excluded.until`,
  );
  const oneRing = db.prepare<{ ring: string }>(
    `SELECT a.ring FROM rings a JOIN rings b ON b.ring = a.ring
     WHERE a.key = ? AND b.key = ? AND a.until > ?`,
  );
  const setSecret = db.prepare(
    `INSERT INTO secrets (name, value) VALUES (?, ?)
     ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
  );
  const retire = db.prepare(
    "INSERT INTO retired_keys (key, retired_at) VALUES (?, ?) ON CONFLICT (key) DO NOTHING",
  );
  const retired = db.prepare<{ key: PublicKey; retired_at: UnixSeconds }>(
    "SELECT key, retired_at FROM retired_keys",
  );
  return {
    see: (key: PublicKey, network: string, at: UnixSeconds) => see.run(key, network, at),
    /** Keys seen on any network where this one was seen. */
    neighbours: (key: PublicKey, since: number) =>
      new Set(neighbours.all(key, since, since).map((row) => row.key)),
    /** A secret that was kept, or the one offered, kept from now on. */
    secret(name: string, offered: Uint8Array): Uint8Array {
      addSecret.run(name, offered);
      return secret.get(name)?.value ?? offered;
    },
    /** Networks on which both keys were seen, with the number of boxes seen on each. */
    sharedNetworks: (a: PublicKey, b: PublicKey, since: number) =>
      shared.all(since, a, b, since, since),
    /** False when the nonce was spent before. */
    spendNonce: (nonce: string, expires: UnixSeconds) => spend.run(nonce, expires).changes === 1,
    complain: (box: PublicKey, viewer: PublicKey, reason: string, at: UnixSeconds) =>
      complain.run(box, viewer, reason, at),
    /** Boxes about which so many viewers said the same since then. */
    complainedAbout: (reason: string, since: number, viewers: number) =>
      complainers.all(reason, since).filter((row) => row.viewers >= viewers),
    strike: (viewer: PublicKey, box: PublicKey, at: UnixSeconds) => strike.run(viewer, box, at),
    pardon: (viewer: PublicKey, box: PublicKey) => pardon.run(viewer, box),
    /** Boxes that say the viewer left without signing. */
    strikes: (viewer: PublicKey, since: number) => strikes.get(viewer, since)?.boxes ?? 0,
    /** Notes that a key belongs to a group that only pays itself. */
    noteRing: (key: PublicKey, ring: string, until: UnixSeconds) => joinRing.run(key, ring, until),
    inOneRing: (a: PublicKey, b: PublicKey, now: UnixSeconds) =>
      oneRing.get(a, b, now) !== undefined,
    /** The coordinator signs with this key from now on; the one it signed with before is retired. */
    noteSigner(key: PublicKey, at: UnixSeconds) {
      const before = secret.get("signer")?.value;
      const former = before && (toHex(before) as PublicKey);
      if (former && former !== key) retire.run(former, at);
      if (former !== key) setSecret.run("signer", fromHex(key));
    },
    retire: (key: PublicKey, at: UnixSeconds) => retire.run(key, at),
    retiredKeys: () => new Map(retired.all().map((row) => [row.key, row.retired_at])),
    prune(now: number, keepSightings: number) {
      forget.run(now - keepSightings);
      dropNonces.run(now);
    },
  };
}
