/** What a coordinator is composed of, and what its composition root gets to hold. */
import type { Environment } from "../accounting/messages.ts";
import type { Clock } from "../core/clock.ts";
import type { Hash, PublicKey } from "../core/encoding.ts";
import type { Log } from "../core/log.ts";
import type { Part } from "../core/part.ts";
import type { Random } from "../core/random.ts";
import type { Bytes, Milliseconds } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";
import type { CreatorList } from "./creator-list.ts";
import type { Ingest, IngestLimits } from "./ingest.ts";
import type { MqttCredentials } from "./mqtt-link.ts";
import type { PlacementRules } from "./placement.ts";
import type { Policy } from "./policy.ts";
import type { PriceList } from "./price-list.ts";
import type { ReachProbe } from "./reach-probe.ts";
import type { SqliteOpen } from "./store/sqlite.ts";
import type { Store } from "./store/store.ts";
import type { OriginStore } from "./titles.ts";

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
  /** Who may publish; anybody when absent. */
  readonly creators?: CreatorList | undefined;
  /** Most bytes of titles that one creator may have; any when absent. */
  readonly creatorQuota?: Bytes | undefined;
  readonly reflectors: readonly string[];
  readonly epoch: Milliseconds;
  readonly operatorToken: string;
  /** Keys this coordinator signed with before, with the time they were retired. */
  readonly retiredKeys?: readonly { readonly key: PublicKey; readonly retiredAt: number }[];
  /** The list that new tickets name, last. Those that were ever used are kept in the store. */
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
