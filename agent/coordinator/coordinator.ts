/**
 * Composes the coordinator: store, verification, ledger, statements, matching, HTTP and MQTT.
 * Several processes may run it on one database; then one of them at a time closes epochs.
 */
import { SETTLE_WITHIN_S } from "../accounting/limits.ts";
import { type Hash, toHex } from "../core/encoding.ts";
import { every, type Part } from "../core/part.ts";
import { type Bytes, type Milliseconds, seconds, toUnixSeconds } from "../core/units.ts";
import { createAppealOffice } from "./appeals.ts";
import { createBoxConversation } from "./box-conversation.ts";
import type { Coordinator, CoordinatorOptions } from "./coordinator-options.ts";
import { createFleet } from "./fleet.ts";
import { createApi } from "./http/app.ts";
import { createApiServer } from "./http/server.ts";
import { defaultIngestLimits, Ingest } from "./ingest.ts";
import { keptPriceLists } from "./kept-price-lists.ts";
import { handedOverSince } from "./key-rotation.ts";
import { createMqttLink } from "./mqtt-link.ts";
import { hideNetwork, networkOf } from "./network.ts";
import { defaultPlacementRules } from "./placement.ts";
import { createPlayOffice } from "./plays.ts";
import { defaultPolicy } from "./policy.ts";
import { createPresence } from "./presence.ts";
import { defaultPriceList } from "./price-list.ts";
import { createReachCheck } from "./reach.ts";
import { createRingWatch } from "./ring-watch.ts";
import { defaultRingRules } from "./rings.ts";
import { createStatementOffice } from "./statements.ts";
import { openDatabase } from "./store/sqlite.ts";
import { openStore } from "./store/store.ts";
import { createTicketOffice } from "./tickets.ts";
import { createTitleOffice } from "./titles.ts";
import { createVerifier } from "./verification/verifier.ts";
import { createWalletOffice } from "./wallet.ts";

export type { Coordinator, CoordinatorOptions } from "./coordinator-options.ts";

/** How often placement looks at demand. */
const PLACEMENT_PERIOD = seconds(5);
const UPKEEP_PERIOD = seconds(60);
/** How long the origin's deliveries wait to be kept, and how many. */
const DELIVERIES_PERIOD = seconds(5);
const MAX_UNKEPT = 10_000;
/** How often waiting plays are looked at again: mostly all of them wait for a box's next report. */
const PLAYS_PERIOD = seconds(5);
const RING_PERIOD = seconds(3600);
/** Of tickets and plays that never counted; 14 million a day. */
const FORGOTTEN_AT_ONCE = 10_000;
const DAY_S = 86_400;
/** For so long after a change of its key the coordinator tells every box something signed by the new one. */
const TELL_FOR_S = DAY_S;

/** Opens the database and the API's port at once; throws an OperatorError when either cannot be had. */
export function createCoordinator(options: CoordinatorOptions): Coordinator {
  const { signer, environment, clock, log, random, fleet: fleetName } = options;
  const policy = options.policy ?? defaultPolicy(environment);
  const lists = options.prices ?? [defaultPriceList];
  const newest = lists.at(-1) ?? defaultPriceList;
  const store = openStore(options.database, options.openDatabase ?? openDatabase);
  const prices = keptPriceLists(store, lists);
  for (const { key, retiredAt } of options.retiredKeys ?? []) {
    store.trust.retire(key, retiredAt as ReturnType<typeof toUnixSeconds>);
  }
  store.trust.noteSigner(signer.publicKey, toUnixSeconds(clock.wallMs()));
  const secret = store.trust.secret("network", random.bytes(32));
  const group = toHex(store.trust.secret("ingest-group", random.bytes(16)));
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
  const titles = createTitleOffice({
    ...base,
    origin: options.origin.store,
    creators: options.creators,
    creatorQuota: options.creatorQuota,
  });
  const rings = createRingWatch({ ...base, rules: defaultRingRules });
  const reach = createReachCheck({
    ...base,
    probe: options.probe,
    changed: (box) => boxes.tellBoxes([box]),
  });

  const link = createMqttLink({
    ...options.mqtt,
    fleet: fleetName,
    group,
    onMessage: (box, kind, payload) => {
      if (kind === "usage") return ingest.offer(box, payload);
      boxes.hear(box, kind, payload);
      return undefined;
    },
    onListening: () => {
      const now = toUnixSeconds(clock.wallMs());
      if (handedOverSince(store, environment, now - TELL_FOR_S)) boxes.tellBoxes("all");
    },
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
  const boxes = createBoxConversation({ ...base, presence, fleet, reach, publish: link.publish });

  const server = createApiServer({
    app: createApi({
      environment,
      publicKey: signer.publicKey,
      fleet: fleetName,
      prices: newest,
      allPrices: [...prices.values()],
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
      tellBoxes: (whom) => boxes.tellBoxes(whom === "all" ? "all" : [whom]),
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
    loop("placement", PLACEMENT_PERIOD, () => boxes.tellBoxes(fleet.place())),
    loop("origin-deliveries", DELIVERIES_PERIOD, keepDeliveries),
    loop("plays", PLAYS_PERIOD, () => {
      plays.settlePending();
    }),
    loop("rings", RING_PERIOD, () => {
      rings.look();
    }),
    loop("reach", UPKEEP_PERIOD, () => reach.recheck()),
    loop("upkeep", UPKEEP_PERIOD, () => {
      const now = toUnixSeconds(clock.wallMs());
      store.trust.prune(now, policy.sightingDays * DAY_S);
      store.tickets.forgetUnused(now - DAY_S, FORGOTTEN_AT_ONCE);
      store.plays.forgetRefused(now - SETTLE_WITHIN_S, FORGOTTEN_AT_ONCE);
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
