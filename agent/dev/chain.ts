/** Opens the development chain: broker, coordinator with its origin, a published title, the boxes. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { seal } from "../accounting/envelope.ts";
import { loadConfig } from "../config.ts";
import { CoordinatorClient } from "../content/coordinator-client.ts";
import { type MadeTitle, makeTitle } from "../content/make-title.ts";
import { agreed } from "../content/split-file.ts";
import { uploadTitle } from "../content/upload-title.ts";
import { defaultPolicy } from "../coordinator/policy.ts";
import { type CoordinatorDaemon, openCoordinatorDaemon } from "../coordinator-daemon.ts";
import type { Clock } from "../core/clock.ts";
import type { PublicKey } from "../core/encoding.ts";
import { exitCode, OperatorError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { type Part, runAll } from "../core/part.ts";
import type { Random } from "../core/random.ts";
import { basisPoints, milliseconds, seconds, toUnixSeconds } from "../core/units.ts";
import { createSigner, type Signer } from "../identity/ed25519.ts";
import { openDevBroker } from "./broker.ts";
import { type DevBox, openFleet } from "./fleet.ts";

export interface ChainOptions {
  /** Holds everything that the run makes. */
  readonly directory: string;
  /** Folder of the title that travels; it has to be HLS to be played. */
  readonly titleFolder: string;
  readonly tell: (line: string) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface Creator {
  readonly name: string;
  readonly share: number;
  readonly signer: Signer;
}

export interface Chain {
  readonly daemon: CoordinatorDaemon;
  readonly client: CoordinatorClient;
  readonly title: MadeTitle;
  readonly creators: readonly Creator[];
  readonly fleet: readonly DevBox[];
  /** Bytes that whoever fetched from a box verified, by box. */
  readonly verified: Map<PublicKey, number>;
  readonly onVerified: (box: PublicKey, amount: number) => void;
}

const PATIENCE = seconds(120);
const LOOK = milliseconds(200);
const SHORTEST_PAID_PLAY = seconds(5);

/**
 * Opens the chain, lets `use` work with it, and takes it down in the order in which nothing is lost.
 * Throws what a part or `use` failed with.
 */
export async function withChain<T>(
  options: ChainOptions,
  signal: AbortSignal,
  use: (chain: Chain, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { tell } = options;
  await using resources = new AsyncDisposableStack();
  const broker = resources.use(await openDevBroker());
  const daemon = resources.use(await openDaemon(options, broker.url));
  await using servers = runInBackground(daemon.parts, signal);
  const { url } = daemon.coordinator;
  tell(`coordinator at ${url}, origin at ${daemon.originUrl}, broker at ${broker.url}`);
  const client = new CoordinatorClient({ url, environment: "dev" });
  const { publicKey } = await client.info(servers.signal);
  const creators = [
    { name: "composer", share: 7000, signer: createSigner(options.random.bytes(32)) },
    { name: "label", share: 3000, signer: createSigner(options.random.bytes(32)) },
  ];
  const title = await publish(options, client, creators, servers.signal);
  const verified = new Map<PublicKey, number>();
  const onVerified = (box: PublicKey, amount: number) => {
    verified.set(box, (verified.get(box) ?? 0) + amount);
  };
  const fleet = await openFleet({
    ...options,
    coordinatorUrl: url,
    coordinatorKey: publicKey,
    brokerUrl: broker.url,
    onVerified,
  });
  for (const { box } of fleet) resources.use(box);
  await using boxes = runInBackground(
    fleet.flatMap(({ box }) => box.parts),
    servers.signal,
  );
  for (const { name, box } of fleet) tell(`box ${name.padEnd(8)} page ${box.launchUrl()}`);
  const chain = { daemon, client, title, creators, fleet, verified, onVerified };
  return await use(chain, boxes.signal);
}

/** Looks again and again until it holds; throws a sentence when that takes too long. */
export async function until(
  what: string,
  holds: () => boolean,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const started = clock.monotonicMs();
  while (!holds() && !signal.aborted) {
    if (clock.monotonicMs() - started > PATIENCE)
      throw new OperatorError(
        exitCode.unavailable,
        `waited ${PATIENCE / 1000} s and ${what}: look at the log above for the reason`,
      );
    await clock.sleep(LOOK, signal);
  }
}

/** Parts that run until disposed; `signal` aborts when one fails, and disposing throws its fault. */
function runInBackground(parts: readonly Part[], outer: AbortSignal) {
  const over = new AbortController();
  const running = runAll(parts, AbortSignal.any([outer, over.signal]));
  running.catch(() => over.abort());
  return {
    signal: AbortSignal.any([outer, over.signal]),
    async [Symbol.asyncDispose]() {
      over.abort();
      await running;
    },
  };
}

function openDaemon(options: ChainOptions, brokerUrl: string): Promise<CoordinatorDaemon> {
  const { config } = loadConfig({
    environment: {},
    lastGood: {},
    flags: {
      environment: "dev",
      "coordinator.state_dir": join(options.directory, "coordinator"),
      "coordinator.listen": "127.0.0.1:0",
      "coordinator.origin_listen": "127.0.0.1:0",
      "coordinator.reflector_listen": "127.0.0.1:0",
      "mqtt.url": brokerUrl,
    },
  });
  mkdirSync(options.directory, { recursive: true });
  // Every box gets the title: four boxes are too few for a choice.
  const placement = { minReplicas: 4, loadFactor: 0.5, maxShare: 1 };
  // A run that ends by itself hurries through its title, and creators are paid all the same.
  const policy = { ...defaultPolicy("dev"), minPlay: SHORTEST_PAID_PLAY };
  return openCoordinatorDaemon({ ...options, config, placement, policy });
}

/** What a creator does: a folder, a split that both parties sign, an upload. */
async function publish(
  options: ChainOptions,
  client: CoordinatorClient,
  creators: readonly Creator[],
  signal: AbortSignal,
): Promise<MadeTitle> {
  const { clock, log, titleFolder, tell } = options;
  const environment = "dev" as const;
  const now = toUnixSeconds(clock.wallMs());
  const parties = creators.map(({ signer, share }) => ({
    key: signer.publicKey,
    share: basisPoints(share),
  }));
  const split = { version: 1, parties, validFrom: now };
  const signed = creators.map(({ signer }) => seal("split", split, signer, environment).bytes);
  const [publisher] = creators;
  if (!publisher) throw new Error("a title needs a creator");
  const title = await makeTitle({
    folder: titleFolder,
    split: agreed(signed, environment, "development split"),
    signer: publisher.signer,
    environment,
    createdAt: now,
    log,
  });
  await uploadTitle({ title, coordinator: client, clock, signal });
  const shares = creators.map(({ name, share }) => `${name} ${share / 100} %`).join(", ");
  tell(`published "${title.manifest.body.name}", ${title.files.length} files, split ${shares}`);
  return title;
}
