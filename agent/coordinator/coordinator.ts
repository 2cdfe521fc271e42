/**
 * Composes the coordinator: store, verification, ledger, statements, matching, HTTP and MQTT.
 * Several processes may run it on one database; then one of them at a time closes epochs.
 */
import type { Environment } from "../accounting/messages.ts";
import type { Clock } from "../core/clock.ts";
import type { Hash, PublicKey } from "../core/encoding.ts";
import { reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { every, type Part } from "../core/part.ts";
import type { Random } from "../core/random.ts";
import { type Bytes, type Milliseconds, seconds, toUnixSeconds } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";
import { createAppealOffice } from "./appeals.ts";
import { createFleet } from "./fleet.ts";
import { createApi } from "./http/app.ts";
import { createApiServer } from "./http/server.ts";
import { defaultIngestLimits, Ingest, type IngestLimits } from "./ingest.ts";
import { createMqttLink, type MqttCredentials } from "./mqtt-link.ts";
import { hideNetwork, networkOf } from "./network.ts";
import { defaultPlacementRules, type PlacementRules } from "./placement.ts";
import { createPlayOffice } from "./plays.ts";
import { defaultPolicy, type Policy } from "./policy.ts";
import { createPresence } from "./presence.ts";
import { defaultPriceList, type PriceList } from "./price-list.ts";
import { createReachCheck, type ReachProbe } from "./reach.ts";
import { createRingWatch } from "./ring-watch.ts";
import { defaultRingRules } from "./rings.ts";
import { createStatementOffice } from "./statements.ts";
import { openDatabase, type SqliteOpen } from "./store/sqlite.ts";
import { openStore, type Store } from "./store/store.ts";
import { createTicketOffice } from "./tickets.ts";
import { createTitleOffice, type OriginStore } from "./titles.ts";
import { TokenBuckets } from "./token-bucket.ts";
import type { FromBox } from "./topics.ts";
import { createVerifier } from "./verification/verifier.ts";
import { createWalletOffice } from "./wallet.ts";

export interface CoordinatorOptions {
  readonly signer: Signer;
  readonly environment: Environment;
  readonly fleet: string;
  /** The SQLite file, or ":memory:". */
  readonly database: string;
  readonly openDatabase?: SqliteOpen;
  readonly listen: { readonly host: string; readonly port: number };
  readonly behindProxy?: boolean;
  readonly mqtt: { readonly url: string; readonly credentials?: MqttCredentials };
  /** What boxes are told of the broker's address, where it differs from the coordinator's own. */
  readonly publicMqttUrl?: string;
  readonly origin: {
    readonly store: OriginStore;
    /** Base URLs of the origin's peer server. */
    readonly addresses: readonly string[];
  };
  readonly reflectors: readonly string[];
  readonly epoch: Milliseconds;
  readonly operatorToken: string;
  /** Keys this coordinator signed with before, with the time they were retired. */
  readonly retiredKeys?: readonly { readonly key: PublicKey; readonly retiredAt: number }[];
  /** The list that new tickets name, last; earlier ones while their tickets settle. */
  readonly prices?: readonly PriceList[];
  readonly policy?: Policy;
  readonly placement?: PlacementRules;
  readonly ingestLimits?: IngestLimits;
  /** Asks a box's address from outside; boxes that do not answer get no tickets. */
  readonly probe?: ReachProbe;
  readonly mayEnrol?: (box: PublicKey) => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface Coordinator extends AsyncDisposable {
  readonly parts: readonly Part[];
  /** The API's address, with the port it really has. */
  readonly url: string;
  readonly store: Store;
  readonly ingest: Ingest;
  /**
   * The origin's own deliveries: nobody is paid for the bytes, but they back plays. `proven` is what
   * a viewer's verified receipt says for the ticket so far.
   */
  noteOriginDelivery(ticket: Hash, proven: Bytes): void;
  /** Closes an epoch now; for the end of a development run. */
  closeEpoch(): void;
}

/** How often placement looks at demand. */
const PLACEMENT_PERIOD = seconds(5);
const UPKEEP_PERIOD = seconds(60);
/** How long the origin's deliveries wait to be kept, and how many. */
const DELIVERIES_PERIOD = seconds(5);
const MAX_UNKEPT = 10_000;
const RING_PERIOD = seconds(3600);
/** Births, states and reports that one box may send. */
const CHATTER = { burst: 60, perSecond: 2 };

/** Opens the database and the API's port at once; throws an OperatorError when either cannot be had. */
export function createCoordinator(options: CoordinatorOptions): Coordinator {
  const { signer, environment, clock, log, random, fleet: fleetName } = options;
  const policy = options.policy ?? defaultPolicy(environment);
  const lists = options.prices ?? [defaultPriceList];
  const newest = lists.at(-1) ?? defaultPriceList;
  const prices = new Map(lists.map((list) => [list.id, list]));
  const store = openStore(options.database, options.openDatabase ?? openDatabase);
  for (const { key, retiredAt } of options.retiredKeys ?? []) {
    store.trust.retire(key, retiredAt as ReturnType<typeof toUnixSeconds>);
  }
  store.trust.noteSigner(signer.publicKey, toUnixSeconds(clock.wallMs()));
  const secret = store.trust.secret("network", random.bytes(32));
  const base = { store, signer, environment, policy, clock, log };
  const money = { ...base, fleet: fleetName, prices };

  const { prepare, credit } = createVerifier(money);
  const presence = createPresence({
    ...base,
    mayEnrol: ({ box }) => options.mayEnrol?.(box) ?? true,
  });
  const statements = createStatementOffice(base);
  const plays = createPlayOffice(money);
  const wallet = createWalletOffice({ ...base, statements });
  const fleet = createFleet({ ...base, rules: options.placement ?? defaultPlacementRules });
  const titles = createTitleOffice({ ...base, origin: options.origin.store });
  const rings = createRingWatch({ ...base, rules: defaultRingRules });
  const reach = createReachCheck({ ...base, probe: options.probe });

  const chatter = new TokenBuckets(CHATTER);
  const link = createMqttLink({
    ...options.mqtt,
    fleet: fleetName,
    onMessage: receive,
    log,
  });
  const ingest = new Ingest({
    prepare,
    credit,
    publishAck: (ack) => link.publish(ack.body.box, "ack", ack.bytes),
    limits: options.ingestLimits ?? defaultIngestLimits,
    clock,
    log,
  });
  const tellBox = (box: PublicKey) => {
    const desired = fleet.desired(box);
    if (desired) link.publish(box, "desired", desired.bytes);
  };
  const tellBoxes = (boxes: readonly PublicKey[]) => {
    for (const box of boxes) {
      try {
        tellBox(box);
      } catch (fault) {
        // It is told at its next birth; the broker is down or the box unknown to it.
        log.debug("box not told", { box, reason: reasonOf(fault) });
      }
    }
  };

  function receive(box: PublicKey, kind: FromBox, payload: Uint8Array): Promise<void> | undefined {
    if (kind === "usage") return ingest.offer(box, payload);
    if (!chatter.take(box, clock.monotonicMs())) return undefined;
    try {
      hear(box, kind, payload);
    } catch (fault) {
      log.error("message of a box failed", { box, kind, reason: reasonOf(fault) });
    }
    return undefined;
  }

  function hear(box: PublicKey, kind: Exclude<FromBox, "usage">, payload: Uint8Array): void {
    switch (kind) {
      case "birth": {
        const ack = presence.birth(box, payload);
        if (!ack) return;
        link.publish(box, "ack", ack.bytes);
        tellBox(box);
        reach.check(box, announced(store, box));
        return;
      }
      case "reported":
        presence.reported(box, payload);
        return;
      case "state":
        presence.state(box, payload);
        return;
    }
  }

  const server = createApiServer({
    app: createApi({
      environment,
      publicKey: signer.publicKey,
      fleet: fleetName,
      prices: newest,
      reflectors: options.reflectors,
      originUrl: options.origin.addresses[0] ?? "",
      mqttUrl: options.publicMqttUrl ?? options.mqtt.url,
      store,
      titles,
      tickets: createTicketOffice({
        ...base,
        random,
        priceList: newest.id,
        originAddresses: options.origin.addresses,
        checksReach: reach.enabled,
      }),
      plays,
      wallet,
      appeals: createAppealOffice({ store, clock, authenticate: wallet.authenticate }),
      statements,
      figures: () => ({ ...ingest.figures }),
      operatorToken: options.operatorToken,
      networkName: (address) => {
        const network = networkOf(address);
        return network && hideNetwork(network, secret);
      },
      tellBoxes: (boxes) => tellBoxes(boxes === "all" ? allKeys(store) : [boxes]),
      clock,
      log,
    }),
    ...options.listen,
    behindProxy: options.behindProxy ?? false,
    log,
  });

  const delivered = new Map<Hash, Bytes>();
  const keepDeliveries = () => {
    if (delivered.size === 0) return;
    store.transaction(() => {
      for (const [ticket, proven] of delivered) {
        store.tickets.raiseProven(ticket, signer.publicKey, proven);
      }
    });
    delivered.clear();
  };
  const closeEpoch = () => {
    keepDeliveries();
    plays.settlePending();
    statements.close();
  };
  const loop = (name: string, period: Milliseconds, tick: () => void): Part => ({
    name,
    run: (signal) => every(period, tick, { clock, log, signal, name }),
  });
  const parts = [
    server,
    link,
    ingest,
    loop("epochs", options.epoch, closeEpoch),
    loop("placement", PLACEMENT_PERIOD, () => tellBoxes(fleet.place())),
    loop("origin-deliveries", DELIVERIES_PERIOD, keepDeliveries),
    loop("rings", RING_PERIOD, () => {
      rings.look();
    }),
    loop("upkeep", UPKEEP_PERIOD, () => {
      store.trust.prune(toUnixSeconds(clock.wallMs()), policy.sightingDays * 86_400);
    }),
  ];
  return {
    parts,
    url: server.url,
    store,
    ingest,
    noteOriginDelivery: (ticket, proven) => {
      delivered.set(ticket, proven);
      if (delivered.size >= MAX_UNKEPT) keepDeliveries();
    },
    closeEpoch,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      store[Symbol.dispose]();
    },
  };
}

const announced = (store: Store, box: PublicKey) =>
  JSON.parse(store.boxes.get(box)?.addresses ?? "[]") as string[];

const allKeys = (store: Store) => store.boxes.page(store.boxes.count(), 0).map((row) => row.key);
