/**
 * Every setting there is: its key in the TOML files, what is accepted, what it is when nobody says,
 * and what it means. The manual's table and the environment's names are made from this one.
 */
import { mebibytes, megabitsPerSecond, milliseconds } from "./core/units.ts";
import {
  addresses,
  directory,
  endpoints,
  flag,
  integer,
  listen,
  name,
  oneOf,
  period,
  publicKey,
  rate,
  type Setting,
  size,
  text,
  texts,
  unlimited,
  url,
} from "./setting-kinds.ts";

/** Stands for a certificate that the box makes itself, where a file could be named. */
export const OWN_CERTIFICATE = "auto";

export const settings = {
  environment: oneOf(["dev", "prod"], "prod", "Which signatures count. Keys never cross over."),
  fleet: name("home", "Name of the fleet; part of every MQTT topic."),
  "log.level": oneOf(
    ["error", "warning", "notice", "info", "debug"],
    "info",
    "Least important line that is logged.",
  ),
  "log.format": oneOf(
    ["auto", "text", "journal", "json"],
    "auto",
    "How lines look; auto is journal under systemd, else text.",
  ),

  "box.state_dir": directory(
    "/var/lib/spareband",
    "Key, journal, content and the household's choices.",
  ),
  "box.listen": listen("::", 7411, "Where peers fetch content from this box, IPv6 and IPv4."),
  "box.addresses": addresses("Base URLs under which peers reach this box; empty to find out."),
  "box.port_mapping": flag(
    true,
    "Ask the router to forward the peers' port (PCP, NAT-PMP, UPnP) while the household consents.",
  ),
  "box.tls_certificate_file": text(
    "",
    `PEM certificate (and chain) to serve peers over TLS with; "${OWN_CERTIFICATE}" for one that the box makes itself, empty for no TLS.`,
  ),
  "box.tls_key_file": text("", "PEM private key of that certificate."),
  "box.nic": text("", "Interface that carries the line; empty for the default route's."),
  "box.hardware": oneOf(
    ["linux", "simulated"],
    "linux",
    "Drivers of this machine, or a simulated console.",
  ),
  "box.playback_state_file": text(
    "",
    'File in which the console says "playing" or "idle", where ALSA does not tell.',
  ),
  "box.wallet": publicKey("Wallet that earns; the box's own key when empty."),

  "content.capacity": size(mebibytes(8 * 1024), "Most space that cached content takes."),
  "content.daily_writes": size(
    mebibytes(4 * 1024),
    "Most bytes of content written to flash a day.",
  ),
  "content.fill_rate": rate(
    megabitsPerSecond(8),
    "Most that the box itself downloads to fill its cache.",
  ),

  "status.listen": listen("127.0.0.1", 7410, "The household's page. Never mapped to the internet."),
  "status.hosts": texts("Further host names under which the page may be opened."),

  "coordinator.url": url(
    "",
    ["http:", "https:"],
    "The coordinator that boxes, viewers and creators talk to.",
  ),
  "coordinator.public_key": publicKey(
    "The coordinator's key; learnt at the first contact when empty (dev only).",
  ),
  "coordinator.listen": listen("127.0.0.1", 7400, "Where the coordinator serves its API."),
  "coordinator.behind_proxy": flag(
    false,
    "A proxy before the API writes each client's address at the end of X-Forwarded-For.",
  ),
  "coordinator.origin_listen": listen(
    "127.0.0.1",
    7401,
    "Where the coordinator's origin serves content.",
  ),
  "coordinator.origin_url": url(
    "",
    ["http:", "https:"],
    "How others reach the origin; the listen address when empty.",
  ),
  "coordinator.state_dir": directory(
    "/var/lib/spareband-coordinator",
    "Key, ledger and origin content.",
  ),
  "coordinator.reflector_listen": listen("127.0.0.1", 7402, "UDP delay reflector for boxes."),
  "coordinator.reflectors": endpoints(
    "Where boxes reach delay reflectors; where this one listens when empty, nowhere if that is every address.",
  ),
  "coordinator.epoch": period(milliseconds(3_600_000), "How often a statement closes."),
  "coordinator.creators_file": text(
    "",
    "File with the keys of creators who may publish here, one a line; anybody may when empty.",
  ),
  "coordinator.creator_quota": size(
    mebibytes(100 * 1024),
    'Most bytes of titles that one creator may have at the origin; "0 B" for any number.',
  ),
  "coordinator.operator_token_file": text(
    "",
    "File with the operator's token; made in the state directory when empty.",
  ),

  "mqtt.url": url("", ["mqtt:", "mqtts:"], "The MQTT 5 broker between boxes and coordinator."),
  "mqtt.ca_file": text("", "The only certificate authority that is trusted for the broker."),
  "mqtt.certificate_file": text("", "Client certificate."),
  "mqtt.key_file": text("", "Key of the client certificate."),
  "mqtt.username": text("", "User name; a box's is its id when empty."),
  "mqtt.password_file": text("", "File with the password or JWT."),

  "governor.recording": text(
    "",
    "File that keeps what the governor sees, to be replayed; it ends at 64 MiB. Empty for none.",
  ),

  "limits.max_rate": rate(unlimited, 'Ceiling the device maker sets; "0 bit/s" for none.'),
  "limits.metered": flag(
    false,
    "The line is paid for by volume: nothing is shared unless the household says so. A mobile network always is.",
  ),
  "limits.share": integer(100, 1, 100, "Per cent of the idle line that may be used."),

  "viewer.key_dir": text(
    "",
    "Where a viewer's or creator's key lives; ~/.config/spareband when empty.",
  ),
  "viewer.gateway_listen": listen("127.0.0.1", 7420, "Where players reach fetched titles."),
} as const;

export type SettingKey = keyof typeof settings;

export type Config = {
  readonly [K in SettingKey]: (typeof settings)[K] extends Setting<infer T> ? T : never;
};

/** `SPAREBAND_BOX_STATE_DIR` for `box.state_dir`. */
export const environmentName = (key: string) =>
  `SPAREBAND_${key.replace(/\./g, "_").toUpperCase()}`;
