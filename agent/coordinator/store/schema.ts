/**
 * The coordinator's tables. Only types, keys and statements that PostgreSQL has too (BLOB is its
 * BYTEA, INTEGER its BIGINT), so that a second store can follow; SQLite is the only one there is.
 * Times are Unix seconds, money is micro-tokens, hashes and signed bytes are blobs, keys hex text.
 */
export const SCHEMA_VERSION = 7;

const published = `
CREATE TABLE price_lists (
  id INTEGER PRIMARY KEY,
  household INTEGER NOT NULL,
  plays INTEGER NOT NULL,
  fee INTEGER NOT NULL
);
CREATE TABLE successions (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL UNIQUE);
`;

/** Most tickets are never used: a viewer asks for several boxes and takes from some. */
const unusedTickets =
  "CREATE INDEX tickets_unused ON tickets (expires) WHERE proven_bytes = 0 AND unpaid IS NULL;";

/** What makes a database of version `i + 1` one of the next; older ones take each step in turn. */
export const upgrades: readonly string[] = [
  "ALTER TABLE boxes ADD COLUMN tls_key TEXT",
  "ALTER TABLE boxes DROP COLUMN proven_uplink",
  `ALTER TABLE titles ADD COLUMN taken_at INTEGER;
   UPDATE titles SET taken_at = created_at WHERE takedown IS NOT NULL;
   CREATE INDEX titles_by_takedown ON titles (taken_at) WHERE taken_at IS NOT NULL;
   CREATE INDEX titles_by_creator ON titles (creator)`,
  published,
  unusedTickets,
  `ALTER TABLE plays ADD COLUMN split TEXT;
   ALTER TABLE plays ADD COLUMN price_list INTEGER`,
];

export const schema = `
CREATE TABLE boxes (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  wallet TEXT NOT NULL,
  enrolled_at INTEGER NOT NULL,
  generation INTEGER NOT NULL DEFAULT 0,
  boot_counter INTEGER NOT NULL DEFAULT 0,
  credited_bytes INTEGER NOT NULL DEFAULT 0,
  credited_tokens INTEGER NOT NULL DEFAULT 0,
  quarantine TEXT,
  capacity INTEGER NOT NULL DEFAULT 0,
  addresses TEXT NOT NULL DEFAULT '[]',
  device TEXT NOT NULL DEFAULT '',
  version TEXT NOT NULL DEFAULT '',
  online INTEGER NOT NULL DEFAULT 0,
  online_since INTEGER NOT NULL DEFAULT 0,
  online_seconds INTEGER NOT NULL DEFAULT 0,
  seen_at INTEGER NOT NULL DEFAULT 0,
  reachable TEXT,
  sharing INTEGER NOT NULL DEFAULT 0,
  rate INTEGER NOT NULL DEFAULT 0,
  reported_at INTEGER NOT NULL DEFAULT 0,
  desired_version INTEGER NOT NULL DEFAULT 0,
  tls_key TEXT
);
CREATE INDEX boxes_by_wallet ON boxes (wallet);
CREATE TABLE holdings (
  box INTEGER NOT NULL,
  title TEXT NOT NULL,
  permille INTEGER NOT NULL,
  PRIMARY KEY (title, box)
);
CREATE INDEX holdings_by_box ON holdings (box);
CREATE TABLE blocked (box INTEGER NOT NULL, title TEXT NOT NULL, PRIMARY KEY (box, title));
CREATE TABLE placements (box INTEGER NOT NULL, title TEXT NOT NULL, PRIMARY KEY (box, title));
CREATE TABLE chains (
  box INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  head BLOB NOT NULL,
  opened_at INTEGER NOT NULL,
  PRIMARY KEY (box, generation)
);
CREATE TABLE records (
  box INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  hash BLOB NOT NULL,
  bytes BLOB NOT NULL,
  credited_bytes INTEGER NOT NULL,
  code TEXT,
  received_at INTEGER NOT NULL,
  UNIQUE (box, generation, sequence)
);
CREATE TABLE held (
  box INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  hash BLOB NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (box, generation, sequence)
);
CREATE TABLE tickets (
  hash BLOB NOT NULL PRIMARY KEY,
  box TEXT NOT NULL,
  viewer TEXT NOT NULL,
  title TEXT NOT NULL,
  split TEXT NOT NULL,
  price_list INTEGER NOT NULL,
  max_bytes INTEGER NOT NULL,
  not_before INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  settle_by INTEGER NOT NULL,
  unpaid TEXT,
  proven_bytes INTEGER NOT NULL DEFAULT 0,
  paid_bytes INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX tickets_by_viewer ON tickets (viewer, title, not_before);
CREATE INDEX tickets_by_box ON tickets (box, expires);
CREATE TABLE usage_days (
  day INTEGER NOT NULL,
  viewer TEXT NOT NULL,
  box TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (day, viewer, box)
);
CREATE TABLE accounts (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  balance INTEGER NOT NULL DEFAULT 0,
  UNIQUE (kind, key)
);
CREATE TABLE ledger (
  line INTEGER PRIMARY KEY,
  entry INTEGER NOT NULL,
  account INTEGER NOT NULL,
  amount INTEGER NOT NULL,
  source BLOB NOT NULL,
  posted_at INTEGER NOT NULL
);
CREATE INDEX ledger_by_account ON ledger (account, line);
CREATE TABLE acks (
  box INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (box, generation)
);
CREATE TABLE merkle_nodes (
  level INTEGER NOT NULL,
  position INTEGER NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (level, position)
);
CREATE TABLE statements (
  epoch INTEGER PRIMARY KEY,
  tree_size INTEGER NOT NULL,
  root BLOB NOT NULL,
  bytes BLOB NOT NULL,
  closed_at INTEGER NOT NULL
);
CREATE TABLE titles (
  title TEXT PRIMARY KEY,
  slug TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  creator TEXT NOT NULL,
  manifest BLOB NOT NULL,
  size INTEGER NOT NULL,
  split TEXT NOT NULL,
  complete INTEGER NOT NULL DEFAULT 0,
  takedown TEXT,
  created_at INTEGER NOT NULL,
  taken_at INTEGER
);
CREATE INDEX titles_by_slug ON titles (slug, created_at);
CREATE INDEX titles_by_takedown ON titles (taken_at) WHERE taken_at IS NOT NULL;
CREATE INDEX titles_by_creator ON titles (creator);
CREATE TABLE splits (
  split TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  parties TEXT NOT NULL,
  signed TEXT NOT NULL
);
CREATE TABLE title_splits (
  title TEXT NOT NULL,
  version INTEGER NOT NULL,
  split TEXT NOT NULL,
  PRIMARY KEY (title, version)
);
CREATE TABLE demand (title TEXT PRIMARY KEY, weight REAL NOT NULL, at INTEGER NOT NULL);
CREATE TABLE plays (
  id TEXT PRIMARY KEY,
  hash BLOB NOT NULL,
  viewer TEXT NOT NULL,
  title TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  played_ms INTEGER NOT NULL,
  needed_bytes INTEGER NOT NULL,
  state TEXT NOT NULL,
  code TEXT,
  bytes BLOB NOT NULL,
  received_at INTEGER NOT NULL,
  split TEXT,
  price_list INTEGER
);
CREATE INDEX plays_by_viewer ON plays (viewer, title, started_at);
CREATE INDEX plays_by_hash ON plays (hash);
CREATE INDEX plays_by_state ON plays (state, received_at);
CREATE TABLE sightings (
  key TEXT NOT NULL,
  network TEXT NOT NULL,
  seen_at INTEGER NOT NULL,
  PRIMARY KEY (key, network)
);
CREATE INDEX sightings_by_network ON sightings (network);
CREATE TABLE nonces (nonce TEXT PRIMARY KEY, expires INTEGER NOT NULL);
CREATE INDEX nonces_by_expiry ON nonces (expires);
CREATE TABLE complaints (
  box TEXT NOT NULL,
  viewer TEXT NOT NULL,
  reason TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  PRIMARY KEY (box, viewer, reason)
);
CREATE TABLE strikes (
  viewer TEXT NOT NULL,
  box TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  PRIMARY KEY (viewer, box)
);
CREATE TABLE rings (
  key TEXT PRIMARY KEY,
  ring TEXT NOT NULL,
  until INTEGER NOT NULL
);
CREATE TABLE evidence (
  id INTEGER PRIMARY KEY,
  subject TEXT NOT NULL,
  code TEXT NOT NULL,
  first BLOB,
  second BLOB,
  note TEXT NOT NULL,
  found_at INTEGER NOT NULL
);
CREATE INDEX evidence_by_subject ON evidence (subject, code);
CREATE TABLE appeals (
  id INTEGER PRIMARY KEY,
  subject TEXT NOT NULL,
  text TEXT NOT NULL,
  evidence TEXT NOT NULL,
  request BLOB NOT NULL,
  made_at INTEGER NOT NULL,
  decision TEXT,
  decided_at INTEGER
);
CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE retired_keys (key TEXT PRIMARY KEY, retired_at INTEGER NOT NULL);
${published}${unusedTickets}`;
