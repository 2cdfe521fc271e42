/**
 * The box daemon's composition root. The household's page always comes up; what needs the key and
 * the storage stands beside it, or is missing with a reason on the page.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Device } from "../hardware/device.ts";
import type { HomeLink } from "../hardware/home-link.ts";
import type { LinePath } from "../hardware/line-path.ts";
import type { DelayProbe } from "../hardware/probe.ts";
import type { SimulatedModel } from "../hardware/simulated/model.ts";
import type { PeerSockets } from "../hardware/sockets.ts";
import { seal } from "./accounting/envelope.ts";
import type { ClockQuality } from "./accounting/messages.ts";
import { boxStatus } from "./box/box-status.ts";
import { carryTraffic } from "./box/carry-traffic.ts";
import { consentFile, exportBox } from "./box/export.ts";
import { journalExists } from "./box/identity.ts";
import { openSharing, type Sharing } from "./box/sharing.ts";
import { makerLimits } from "./box/sharing-policy.ts";
import { writeSignedFile } from "./box/signed-file.ts";
import { createStatementWatch, statementFile } from "./box/statement-watch.ts";
import { type WatchOptions, watchConditions } from "./box/watch-conditions.ts";
import type { Config } from "./config.ts";
import type { Clock } from "./core/clock.ts";
import { type Hash, type PublicKey, toBase64Url } from "./core/encoding.ts";
import { errnoOf, exitCode, OperatorError, reasonOf } from "./core/errors.ts";
import type { Log } from "./core/log.ts";
import type { Part } from "./core/part.ts";
import type { Random } from "./core/random.ts";
import type { Milliseconds } from "./core/units.ts";
import { writeDurably } from "./core/write-durably.ts";
import { Health } from "./health/health.ts";
import { type KeyOutcome, loadOrCreateKey } from "./identity/keys.ts";
import { selfTest } from "./identity/self-test.ts";
import type { ConsentChoice } from "./status/choices.ts";
import { Household } from "./status/household.ts";
import { Pairing } from "./status/pairing.ts";
import { createStatusServer } from "./status/status-server.ts";
import { statusToken } from "./status/status-token.ts";
import { version } from "./version.ts";

export interface BoxOptions {
  readonly config: Config;
  readonly device: Device;
  /** Where the console is simulated: its counters then carry the real traffic. */
  readonly simulated?: SimulatedModel | undefined;
  readonly createSockets: (ports: () => readonly number[]) => PeerSockets;
  readonly probe: DelayProbe;
  readonly path?: LinePath;
  /** Absent where there are no other boxes to meet, as in a simulated home. */
  readonly homeLink?: HomeLink | undefined;
  readonly clockQuality: () => ClockQuality;
  /** Tells this device from others that hold a copy of its storage. */
  readonly fingerprint: Hash | undefined;
  readonly pinnedCoordinator: PublicKey | undefined;
  /** What is wrong with the configuration, when an older one is used. */
  readonly brokenConfig?: string | undefined;
  /** What of the configuration is not known to this version. */
  readonly configWarnings?: readonly string[] | undefined;
  readonly sessionIdle?: Milliseconds | undefined;
  /** Told of what this box verified of others while it filled its cache. */
  readonly onVerified?: ((box: PublicKey, amount: number) => void) | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface Box extends AsyncDisposable {
  /** undefined while the box has no key. */
  readonly id: PublicKey | undefined;
  readonly statusUrl: string;
  /** A link that opens the page with full access; good once, and not for long. */
  readonly launchUrl: () => string;
  readonly household: Household;
  readonly health: Health;
  readonly sharing: Sharing | undefined;
  readonly parts: readonly Part[];
}

/** Of what is unknown in a configuration, as many are named on the page. */
const MOST_NAMED = 5;
const NO_BOX = "0".repeat(64) as PublicKey;

/** Opens what it needs; throws an OperatorError for what nobody could see on a page. */
export async function openBox(options: BoxOptions): Promise<Box> {
  const { config, device, clock, random, log } = options;
  requireAddresses(config);
  selfTest();
  await using resources = new AsyncDisposableStack();
  const directory = config["box.state_dir"];
  const health = new Health({ clock, log });
  health.report("config-last-good", options.brokenConfig !== undefined, options.brokenConfig);
  const unknown = options.configWarnings ?? [];
  health.report("config-unknown-key", unknown.length > 0, unknown.slice(0, MOST_NAMED).join("; "));
  const writable = stateIsWritable(directory, health);
  const household = new Household({
    directory,
    clock,
    log,
    health,
    // Whatever the household just decided, it has seen the page: a breach is not held against it again.
    changed: () => health.clear("limit-breached"),
  });
  const key = writable
    ? await onUsableStorage(health, async () => openKey(options, health))
    : undefined;
  const facts = await device.facts();
  const deviceName = facts.model ?? "unknown";
  const sharing =
    key &&
    (await onUsableStorage(health, () =>
      openSharing({ ...options, deviceName, household, health, signer: key.signer, version }),
    ));
  if (sharing) resources.use(sharing);
  const box = key?.signer.publicKey;
  const wallet = (config["box.wallet"] || box || NO_BOX) as PublicKey;
  const pairing = new Pairing({ file: join(directory, "paired.json"), clock, random });
  const page = await createStatusServer({
    ...config["status.listen"],
    hosts: config["status.hosts"],
    token:
      (await onUsableStorage(health, async () =>
        statusToken(join(directory, "status-token"), random),
      )) ?? toBase64Url(random.bytes(32)),
    pairing,
    sources: boxStatus({
      box: box ?? NO_BOX,
      wallet,
      version,
      environment: config.environment,
      capacity: config["content.capacity"],
      household,
      maker: makerLimits(config),
      health,
      sharing,
      consentChanged: (consent) => consentChanged(options, key, consent, sharing),
      exported:
        key &&
        sharing &&
        ((signal) => exportBox({ ...options, signer: key.signer, sharing, wallet }, signal)),
      clock,
    }),
    clock,
    log,
  });
  const { environment } = config;
  const watch = sharing ? watches({ ...options, sharing, health, environment }) : [];
  const { simulated } = options;
  const carry =
    sharing && simulated
      ? [carryTraffic(simulated, () => sharing.governor.sentToPeers(), clock, log)]
      : [];
  const held = resources.move();
  return {
    id: box,
    statusUrl: page.url,
    launchUrl: () => `${page.url}launch?key=${pairing.newLaunchKey()}`,
    household,
    health,
    sharing,
    parts: [page, ...(sharing?.parts ?? []), ...watch, ...carry],
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

function watches(options: WatchOptions & Pick<BoxOptions, "config">): readonly Part[] {
  const { client, keys } = options.sharing.contact;
  const file = statementFile(options.config["box.state_dir"]);
  return [watchConditions(options), createStatementWatch({ ...options, file, client, keys })];
}

function requireAddresses(config: Config): void {
  for (const key of ["coordinator.url", "mqtt.url"] as const) {
    if (config[key] === "")
      throw new OperatorError(
        exitCode.configuration,
        `${key} is not set: a box needs to know its operator's ${key === "mqtt.url" ? "MQTT broker" : "coordinator"}.`,
      );
  }
}

function stateIsWritable(directory: string, health: Health): boolean {
  const probe = join(directory, ".writable");
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeDurably(probe, "", 0o600);
    return true;
  } catch (fault) {
    health.set("state-unwritable", reasonOf(fault));
    return false;
  }
}

/** What opens, or undefined when the storage is full or failing: the page comes up and says so. */
async function onUsableStorage<T>(health: Health, open: () => Promise<T>): Promise<T | undefined> {
  try {
    return await open();
  } catch (fault) {
    // A port that is taken or a setting that is wrong has another code, and stops the start.
    const told = fault instanceof OperatorError;
    if (told && fault.code !== exitCode.ioError && fault.code !== exitCode.noPermission)
      throw fault;
    if (!STORAGE_FAULTS.has(errnoOf(told ? fault.cause : fault) ?? "")) throw fault;
    health.set("state-unwritable", reasonOf(fault));
    return undefined;
  }
}

const STORAGE_FAULTS: ReadonlySet<string> = new Set(
  "ENOSPC EDQUOT EROFS EIO EACCES EPERM ENOENT ENOTDIR EISDIR".split(" "),
);

type ReadyKey = Extract<KeyOutcome, { state: "ready" }>;

function openKey(options: BoxOptions, health: Health): ReadyKey | undefined {
  const { config, random, fingerprint } = options;
  const state = config["box.state_dir"];
  const mayCreate = !journalExists(state);
  const directory = join(state, "identity");
  const key = loadOrCreateKey(directory, { name: "box", mayCreate, random, fingerprint });
  if (key.state === "held") {
    health.set("key-unusable", key.text);
    return undefined;
  }
  health.report("device-changed", key.device === "changed");
  return key;
}

/** The household's word, signed, where an export and an auditor find it. */
function consentChanged(
  { config, log }: BoxOptions,
  key: ReadyKey | undefined,
  { given, text, language, at }: ConsentChoice,
  sharing: Sharing | undefined,
): void {
  sharing?.reporter.announce();
  if (!key) return;
  const box = key.signer.publicKey;
  const signed = seal(
    "consent",
    { box, text, language, given, at },
    key.signer,
    config.environment,
  );
  writeSignedFile(consentFile(config["box.state_dir"]), signed);
  log.notice("consent signed", { given });
}
