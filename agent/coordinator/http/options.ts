/** Everything the API's routes stand on, as the composition hands it in. */
import type { Environment } from "../../accounting/messages.ts";
import type { Clock } from "../../core/clock.ts";
import type { PublicKey } from "../../core/encoding.ts";
import type { Log } from "../../core/log.ts";
import type { createAppealOffice } from "../appeals.ts";
import type { createPlayOffice } from "../plays.ts";
import type { PriceList } from "../price-list.ts";
import type { StatementOffice } from "../statements.ts";
import type { Store } from "../store/store.ts";
import type { createTicketOffice } from "../tickets.ts";
import type { createTitleOffice } from "../titles.ts";
import type { createWalletOffice } from "../wallet.ts";

export interface ApiOptions {
  readonly environment: Environment;
  readonly publicKey: PublicKey;
  readonly fleet: string;
  readonly prices: PriceList;
  /** Every list that a ticket may name. */
  readonly allPrices: readonly PriceList[];
  readonly reflectors: readonly string[];
  readonly originUrl: string;
  readonly mqttUrl: string | undefined;
  readonly store: Store;
  readonly titles: ReturnType<typeof createTitleOffice>;
  readonly tickets: ReturnType<typeof createTicketOffice>;
  readonly plays: ReturnType<typeof createPlayOffice>;
  readonly wallet: ReturnType<typeof createWalletOffice>;
  readonly appeals: ReturnType<typeof createAppealOffice>;
  readonly statements: StatementOffice;
  /** Figures that the operator sees beside the fleet. */
  readonly figures: () => Readonly<Record<string, number>>;
  readonly operatorToken: string;
  /** The hidden name of a public address's network; undefined for a private address. */
  readonly networkName: (address: string) => string | undefined;
  /** Called when boxes should hear of a takedown or a lifted quarantine. */
  readonly tellBoxes: (boxes: "all" | PublicKey) => void;
  readonly clock: Clock;
  readonly log: Log;
}
