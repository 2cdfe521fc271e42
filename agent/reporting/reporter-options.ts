/** What the reporter is given: the broker, who this box is, what it reports and whom it listens to. */
import type { Birth, ClockQuality, Environment, Sealed } from "../accounting/messages.ts";
import type { Clock } from "../core/clock.ts";
import type { PublicKey } from "../core/encoding.ts";
import type { Log } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import type { Milliseconds } from "../core/units.ts";
import type { Signer } from "../identity/ed25519.ts";
import type { RecordSource } from "../journal/journal.ts";
import type { BrokerTls } from "./dial.ts";
import type { Report } from "./reported-change.ts";

export interface BrokerOptions {
  /** `mqtt://host[:port]` or `mqtts://host[:port]`. */
  readonly url: string;
  /** Asked for at each connection, because certificates are renewed while we run. */
  readonly tls?: () => BrokerTls;
  /** The box's id when absent, which is what the shipped access rules ask for. */
  readonly username?: string | undefined;
  /** A password or a JWT; asked for at each connection, because a JWT is replaced while we run. */
  readonly password?: () => string | undefined;
}

export interface ReporterOptions {
  readonly broker: BrokerOptions;
  readonly fleet: string;
  readonly signer: Signer;
  readonly environment: Environment;
  readonly coordinatorKeys: () => ReadonlySet<PublicKey>;
  /** Called when something is signed by another key: the coordinator may have changed its own. */
  readonly onUnknownSigner?: () => void;
  readonly records: RecordSource;
  /** What `birth` says beyond the chain. */
  readonly describe: () => Omit<
    Birth,
    "box" | "generation" | "sequence" | "head" | "bootCounter" | "at"
  >;
  /** What `reported` says; looked at every few seconds, told when it changed. */
  readonly report: () => Report;
  /** Called with each newer wish of the coordinator; it is retained, so also after each connect. */
  readonly onDesired: (desired: Sealed<"desired">) => void;
  readonly clock: Clock;
  readonly clockQuality: () => ClockQuality;
  readonly random: Random;
  readonly log: Log;
  /** Over how long the first connections of a fleet spread after a power cut. */
  readonly spread?: Milliseconds;
  /** How long usage waits for the coordinator's answer to the birth message; 10 s when absent. */
  readonly greeting?: Milliseconds;
}
