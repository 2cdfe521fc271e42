/**
 * The coordinator's composition root: its key, its ledger, the origin that serves what creators
 * uploaded, and the reflector that boxes measure their line against.
 */
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { brokerCredentials } from "./broker-settings.ts";
import type { Config } from "./config.ts";
import { metalink } from "./content/metalink.ts";
import { ContentStore } from "./content/store.ts";
import { type Coordinator, createCoordinator } from "./coordinator/coordinator.ts";
import { openCreatorList } from "./coordinator/creator-list.ts";
import { coordinatorSigner, rotateKey } from "./coordinator/key-rotation.ts";
import type { PlacementRules } from "./coordinator/placement.ts";
import type { Policy } from "./coordinator/policy.ts";
import { probeOverHttp } from "./coordinator/reach-probe.ts";
import { reachElsewhere, reflectorAddresses } from "./coordinator/reflector-addresses.ts";
import { openDatabase } from "./coordinator/store/sqlite.ts";
import { openStore } from "./coordinator/store/store.ts";
import type { Clock } from "./core/clock.ts";
import { toHex } from "./core/encoding.ts";
import { errnoOf, exitCode, OperatorError, reasonOf } from "./core/errors.ts";
import { formatAuthority, type ListenAddress } from "./core/listen-address.ts";
import type { Log } from "./core/log.ts";
import type { Part } from "./core/part.ts";
import type { Random } from "./core/random.ts";
import { readTextFile } from "./core/read-text-file.ts";
import { lockState } from "./core/state-lock.ts";
import { bitsPerSecond } from "./core/units.ts";
import { writeDurably } from "./core/write-durably.ts";
import { createReflector } from "./governor/reflector.ts";
import type { Verdict } from "./governor/verdict.ts";
import { selfTest } from "./identity/self-test.ts";
import { UnrecordedSessions } from "./journal/unrecorded-sessions.ts";
import { createPeerServer } from "./peer/peer-server.ts";

export interface CoordinatorDaemonOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** How many boxes hold a title; the deployment's usual rules when absent. */
  readonly placement?: PlacementRules;
  /** Limits of what is paid; the environment's usual ones when absent. */
  readonly policy?: Policy;
}

export interface CoordinatorDaemon extends AsyncDisposable {
  readonly parts: readonly Part[];
  readonly coordinator: Coordinator;
  readonly originUrl: string;
}

/** An origin stands in a data centre: it serves as fast as it can, to as many as come. */
const ORIGIN_VERDICT: Verdict = {
  state: "sharing",
  rate: bitsPerSecond(100e9),
  maxStreams: 1024,
  reason: "line-idle",
};

/** Opens everything it needs at once; throws an OperatorError when something cannot be had. */
export async function openCoordinatorDaemon(
  options: CoordinatorDaemonOptions,
): Promise<CoordinatorDaemon> {
  const { config, clock, random, log } = options;
  const { environment } = config;
  if (config["mqtt.url"] === "")
    throw new OperatorError(
      exitCode.configuration,
      "mqtt.url is not set: name the MQTT 5 broker that the boxes use.",
    );
  selfTest();
  await using resources = new AsyncDisposableStack();
  const directory = stateDirectory(config["coordinator.state_dir"]);
  resources.use(lockState(directory, "coordinator"));
  const signer = coordinatorSigner(keyOptions(directory, options));
  const store = resources.use(
    await ContentStore.open({ directory: join(directory, "origin"), environment, clock, log }),
  );
  const reflectorAt = config["coordinator.reflector_listen"];
  const reflector = createReflector({ ...reflectorAt, clock });
  await reflector.listen();
  const issuers = new Set([signer.publicKey]);
  const origin = createPeerServer({
    ...config["coordinator.origin_listen"],
    box: signer.publicKey,
    environment,
    issuers: () => issuers,
    content: store,
    // Unpaid, but what it proves backs the plays that creators are paid for.
    journal: new UnrecordedSessions((ticket, proven) =>
      coordinator.noteOriginDelivery(ticket, proven),
    ),
    verdict: { current: ORIGIN_VERDICT },
    clock,
    clockQuality: () => "synchronised",
    log: log.with({ server: "origin" }),
    metalink: (title) => {
      const manifest = store.manifest(title);
      return manifest && metalink(manifest, [originUrl]);
    },
  });
  const originUrl = publicUrl(
    config["coordinator.origin_url"],
    config["coordinator.origin_listen"],
    origin.port,
  );
  if (environment === "prod" && !reachElsewhere([new URL(originUrl).host]))
    log.warning("viewers are told of no origin that they reach", { set: "coordinator.origin_url" });
  const coordinator = resources.use(
    createCoordinator({
      signer,
      environment,
      fleet: config.fleet,
      database: databaseIn(directory),
      listen: config["coordinator.listen"],
      mqtt: { url: config["mqtt.url"], credentials: brokerCredentials(config) },
      origin: { store, addresses: [originUrl] },
      ...publishingRules(config, log),
      behindProxy: config["coordinator.behind_proxy"],
      reflectors: announcedReflectors(config, reflector.port, log),
      epoch: config["coordinator.epoch"],
      operatorToken: operatorToken(config, directory, random),
      ...(options.placement && { placement: options.placement }),
      ...(options.policy && { policy: options.policy }),
      ...(environment === "prod" && { probe: probeOverHttp }),
      clock,
      random,
      log,
    }),
  );
  const held = resources.move();
  return {
    parts: [store, reflector, origin, ...coordinator.parts],
    coordinator,
    originUrl,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** `spareband coordinator --rotate-key`: to be done while the coordinator is stopped. */
export function rotateCoordinatorKey(
  options: Pick<CoordinatorDaemonOptions, "config" | "clock" | "random">,
) {
  selfTest();
  const directory = stateDirectory(options.config["coordinator.state_dir"]);
  using _lock = lockState(directory, "coordinator");
  return rotateKey(keyOptions(directory, options));
}

const databaseIn = (directory: string) => join(directory, "coordinator.sqlite");

const keyOptions = (
  directory: string,
  { config, clock, random }: Pick<CoordinatorDaemonOptions, "config" | "clock" | "random">,
) => ({
  directory: join(directory, "identity"),
  environment: config.environment,
  clock,
  random,
  openStore: () => openStore(databaseIn(directory), openDatabase),
});

function stateDirectory(directory: string): string {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    chmodSync(directory, 0o700);
    return directory;
  } catch (cause) {
    throw new OperatorError(
      exitCode.noPermission,
      `cannot use the coordinator's state directory ${directory} (${errnoOf(cause)}): make it writable for this user or set coordinator.state_dir to another`,
      { cause },
    );
  }
}

function publishingRules(config: Config, log: Log) {
  const file = config["coordinator.creators_file"];
  const quota = config["coordinator.creator_quota"];
  return {
    ...(file !== "" && { creators: openCreatorList(file, log) }),
    ...(quota > 0 && { creatorQuota: quota }),
  };
}

function announcedReflectors(config: Config, port: number, log: Log): readonly string[] {
  const { host } = config["coordinator.reflector_listen"];
  const addresses = reflectorAddresses(config["coordinator.reflectors"], { host, port });
  if (config.environment === "prod" && !reachElsewhere(addresses))
    log.warning("boxes are told of no reflector that they reach", {
      set: "coordinator.reflectors",
    });
  return addresses;
}

const publicUrl = (configured: string, listen: ListenAddress, port: number) =>
  configured !== "" ? configured : `http://${formatAuthority(listen.host, port)}`;

const LONGEST_TOKEN = 4096;

/** Read from the operator's file, or made once and kept beside the ledger. */
function operatorToken(config: Config, directory: string, random: Random): string {
  const configured = config["coordinator.operator_token_file"];
  const file = configured !== "" ? configured : join(directory, "operator-token");
  try {
    const token = readTextFile(file, LONGEST_TOKEN).trim();
    if (token.length >= 16) return token;
    throw new OperatorError(
      exitCode.configuration,
      `the operator's token in ${file} is shorter than 16 characters: put a long random one there`,
    );
  } catch (fault) {
    if (fault instanceof OperatorError) throw fault;
    if (errnoOf(fault) !== "ENOENT" || configured !== "")
      throw new OperatorError(
        exitCode.configuration,
        `cannot read the operator's token file ${file} (${reasonOf(fault)}): correct coordinator.operator_token_file or the file's permissions`,
        { cause: fault },
      );
  }
  const token = toHex(random.bytes(24));
  writeDurably(file, `${token}\n`, 0o600);
  return token;
}
