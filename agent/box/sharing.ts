/**
 * The sharing side of a box: everything that needs its key and its storage. Composed apart from
 * `box.ts`, so that a box that has lost one of them still shows its page and says so.
 */
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import type { Device } from "../../hardware/device.ts";
import type { HomeLink } from "../../hardware/home-link.ts";
import type { LinePath } from "../../hardware/line-path.ts";
import type { DelayProbe } from "../../hardware/probe.ts";
import type { PeerSockets } from "../../hardware/sockets.ts";
import type { ClockQuality, Desired } from "../accounting/messages.ts";
import { brokerOptions } from "../broker-settings.ts";
import type { Config } from "../config.ts";
import { metalink } from "../content/metalink.ts";
import type { ContentStore } from "../content/store.ts";
import type { Clock } from "../core/clock.ts";
import type { PublicKey } from "../core/encoding.ts";
import type { Log } from "../core/log.ts";
import type { Part } from "../core/part.ts";
import { formatBytes } from "../core/quantity.ts";
import type { Random } from "../core/random.ts";
import { bitsPerSecond, type Milliseconds, milliseconds } from "../core/units.ts";
import { createGovernor, type Governor } from "../governor/governor.ts";
import { Neighbourhood } from "../governor/neighbourhood.ts";
import { probeTargets } from "../governor/probe-targets.ts";
import { openRecording } from "../governor/recording-file.ts";
import type { Health } from "../health/health.ts";
import type { Signer } from "../identity/ed25519.ts";
import type { Journal } from "../journal/journal.ts";
import { createPeerServer, type PeerServer } from "../peer/peer-server.ts";
import { Reporter } from "../reporting/reporter.ts";
import { createHomeTraffic } from "../shaping/home-traffic.ts";
import { createShaper, type Shaper } from "../shaping/shaper.ts";
import type { Household } from "../status/household.ts";
import { BoxTls } from "./certificate.ts";
import { CoordinatorContact } from "./coordinator-contact.ts";
import { createFilling } from "./filling.ts";
import { addressOfHost, createFirstHop } from "./first-hop.ts";
import { listenHost } from "./own-addresses.ts";
import { createPaidLine } from "./paid-line.ts";
import { newestDelay, PeriodFigures } from "./period-figures.ts";
import { createReach, type Reach } from "./reach.ts";
import { holdsOf, mayFill, policyOf, reportOf } from "./sharing-policy.ts";
import { StalledReaders } from "./stalled-readers.ts";
import { openBoxJournal, openContent } from "./storage.ts";
import { fileTextStore } from "./text-store.ts";

export interface SharingOptions {
  readonly config: Config;
  readonly device: Device;
  /** Model name for the coordinator's fleet view. */
  readonly deviceName: string;
  readonly createSockets: (ports: () => readonly number[]) => PeerSockets;
  readonly probe: DelayProbe;
  /** Absent where the provider's first router is of no use, as among simulated lines. */
  readonly path?: LinePath;
  /** Absent where there are no other boxes to meet, as in a simulated home. */
  readonly homeLink?: HomeLink | undefined;
  readonly household: Household;
  readonly health: Health;
  readonly signer: Signer;
  readonly pinnedCoordinator: PublicKey | undefined;
  readonly clockQuality: () => ClockQuality;
  readonly version: string;
  /** A viewer that neither asks nor signs for so long has left; a minute when absent. */
  readonly sessionIdle?: Milliseconds | undefined;
  /** Told of what this box verified of others while it filled its cache. */
  readonly onVerified?: ((box: PublicKey, amount: number) => void) | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface Sharing extends AsyncDisposable {
  readonly parts: readonly Part[];
  readonly store: ContentStore;
  readonly journal: Journal;
  readonly governor: Governor;
  readonly shaper: Shaper;
  readonly peers: PeerServer;
  readonly reporter: Reporter;
  readonly contact: CoordinatorContact;
  readonly reach: Reach;
}

/** Opens storage and ports at once; throws an OperatorError when one of them cannot be had. */
export async function openSharing(options: SharingOptions): Promise<Sharing> {
  const { config, device, household, health, signer, clock, random, log } = options;
  const { environment } = config;
  const directory = config["box.state_dir"];
  const tls = BoxTls.open(config);
  await using resources = new AsyncDisposableStack();
  const store = resources.use(await openContent(options));
  const figures = new PeriodFigures();
  const journal = resources.use(openBoxJournal(options, (since) => figures.over(since)));
  const contact = new CoordinatorContact({
    url: config["coordinator.url"],
    environment,
    pinned: options.pinnedCoordinator,
    directory,
    health,
    clock,
    log,
  });
  const ports = () => [peers.port];
  const line = createPaidLine({ nic: device.nic, clock, log });
  const towards = () => addressOfHost(config["coordinator.url"]);
  const recording = resources.use(openRecording(config["governor.recording"], log));
  const governor = createGovernor({
    clock,
    log,
    sockets: new StalledReaders(options.createSockets(ports)),
    probe: options.probe,
    targets: () => probeTargets(contact.reflectors),
    ...(options.path && { fallback: createFirstHop({ path: options.path, towards, clock, log }) }),
    device,
    ...(options.homeLink && {
      neighbourhood: new Neighbourhood(options.homeLink, random.bytes),
    }),
    policy: () => policyOf(config, household, holdsOf(journal, health), line.cellular),
    householdUpload: () => (home.upload.trust === "credible" ? home.upload.rate : undefined),
    synchronised: () => options.clockQuality() === "synchronised",
    store: fileTextStore(join(directory, "volume.json")),
    record: (samples, policy, now, decision) => {
      figures.note(now.monotonic, {
        busy: samples.board?.busy,
        delay: newestDelay(decision.state.line.delay, now.monotonic),
      });
      recording?.take(samples, policy, now, decision);
    },
  });
  const peers = createPeerServer({
    ...config["box.listen"],
    host: listenHost(config["box.listen"].host, networkInterfaces()),
    tls: tls?.current,
    box: signer.publicKey,
    environment,
    issuers: contact.keys,
    content: store,
    journal,
    verdict: governor,
    clock,
    clockQuality: options.clockQuality,
    log,
    metalink: (title) => {
      const manifest = store.manifest(title);
      return manifest && metalink(manifest, reach.addresses());
    },
    idleAfter: options.sessionIdle,
    kernelPaces: () => shaper.enforcement.by !== "nothing",
  });
  const reach = createReach({
    config,
    port: () => peers.port,
    consented: () => household.consented,
    portMapper: device.portMapper,
    interfaces: networkInterfaces,
    changed: () => reporter.announce(),
    signer,
    clock,
    random,
    log,
  });
  const shaper: Shaper = createShaper({
    verdict: governor,
    nic: device.nic,
    trafficControl: device.trafficControl,
    ports,
    // The governor paces each socket itself; the shaper is the net below and the witness.
    pacer: {
      get state() {
        const { pacing } = governor.report;
        return pacing === "paced"
          ? { state: "pacing" as const }
          : { state: "unavailable" as const, reason: "sockets cannot be paced here" };
      },
    },
    sentToPeers: () => governor.sentToPeers(),
    ceiling: () => policyOf(config, household, [], line.cellular).maxRate ?? UNLIMITED,
    onBreach: ({ sent, allowed }) =>
      health.set("limit-breached", `${formatBytes(sent)} sent, ${formatBytes(allowed)} allowed`),
    clock,
    log,
  });
  let desired: Desired | undefined;
  const reporter = new Reporter({
    broker: brokerOptions(config),
    fleet: config.fleet,
    signer,
    environment,
    coordinatorKeys: contact.keys,
    // A hand-over of its key is told to all boxes at once; they must not all ask at once.
    onUnknownSigner: () =>
      contact.askAgain(milliseconds(2000 + (environment === "dev" ? 0 : random.unit() * 60_000))),
    records: journal,
    describe: () => ({
      version: options.version,
      device: options.deviceName,
      addresses: household.consented ? reach.addresses() : [],
      capacity: config["content.capacity"],
      ...(tls && { tlsKey: tls.current.tlsKey }),
      ...(config["box.wallet"] !== "" && { wallet: config["box.wallet"] as PublicKey }),
    }),
    report: () => reportOf(store, governor.current),
    onDesired: (wish) => {
      desired = wish.body;
      reach.heard(wish.body.reachable);
    },
    clock,
    clockQuality: options.clockQuality,
    random,
    log,
    // Developers start one fleet at a time; there is nobody to spread the load for.
    ...(environment === "dev" && { spread: milliseconds(0) }),
  });
  const certificate = tls?.watch({
    use: (renewed) => peers.useCertificate(renewed),
    announce: () => reporter.announce(),
    clock,
    log,
  });
  const allowed = () => mayFill(household, governor.current);
  const { nic, router } = device;
  const home = createHomeTraffic({ router, nic, wanted: allowed, clock, log });
  const filling = createFilling({
    config,
    device,
    store,
    coordinator: contact.client,
    desired: () => desired,
    allowed,
    home,
    signer,
    onVerified: options.onVerified,
    clock,
    random,
    log,
  });
  const held = resources.move();
  return {
    parts: [
      contact,
      store,
      home,
      line,
      governor,
      shaper,
      peers,
      ...filling,
      reporter,
      reach,
      ...(certificate ? [certificate] : []),
      journal,
    ],
    store,
    journal,
    governor,
    shaper,
    peers,
    reporter,
    contact,
    reach,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

const UNLIMITED = bitsPerSecond(Number.POSITIVE_INFINITY);
