/**
 * What a box does to be reached from outside, as decisions without IO: whether it wants a mapping at
 * all, and what an answer of the router, or its silence, changes.
 */
import type { MappingFailure, MappingOutcome, PortMapping } from "../../hardware/port-mapping.ts";
import { type Milliseconds, milliseconds, seconds } from "../core/units.ts";
import { addressKind } from "./reach-address.ts";

export interface Circumstances {
  readonly consented: boolean;
  /** `box.port_mapping`. */
  readonly wanted: boolean;
  /** `box.addresses` says how this box is reached; then it is not for us to arrange. */
  readonly configured: boolean;
  /** Host of `box.listen`. */
  readonly host: string;
  /** Where peers are served. */
  readonly port: number;
  /** The household's page, which is never mapped. */
  readonly pagePort: number;
  /** This machine's own IPv4 addresses, without loopback and link-local ones. */
  readonly ownV4: readonly string[];
}

export type NoMapping =
  | "no-consent"
  | "switched-off"
  | "configured"
  | "loopback"
  | "household-page"
  /** An address of this machine is public: there is nothing to map. */
  | "public-address";

/** undefined when a mapping is wanted. */
export function whyNoMapping(circumstances: Circumstances): NoMapping | undefined {
  const { consented, wanted, configured, host, port, pagePort, ownV4 } = circumstances;
  if (!consented) return "no-consent";
  if (!wanted) return "switched-off";
  if (configured) return "configured";
  if (/^(127\.|::1$|localhost$)/.test(host)) return "loopback";
  if (port === pagePort) return "household-page";
  return ownV4.some((address) => addressKind(address) === "public") ? "public-address" : undefined;
}

export interface ReachState {
  readonly mapping: PortMapping | undefined;
  /** Why the last attempt brought none. */
  readonly failure: MappingFailure | undefined;
  /** Attempts in a row that failed. */
  readonly failures: number;
  /** When the router is asked again. */
  readonly nextAt: Milliseconds;
}

export const atOnce: ReachState = {
  mapping: undefined,
  failure: undefined,
  failures: 0,
  nextAt: milliseconds(0),
};

/** A lease outlives a killed box by no more than this. */
export const LIFETIME = seconds(30 * 60);
/** A router that restarted has forgotten us; it is asked this often. */
const CHECK = seconds(120);
/** A router that restarts is silent for a while; the mapping is not given up for one lost question. */
const PATIENCE = 3;
const RETRY = seconds(15);
const FIRST_PAUSE = seconds(60);
const LONGEST_PAUSE = seconds(30 * 60);

export function afterAttempt(
  { mapping, failures }: ReachState,
  outcome: MappingOutcome,
  now: Milliseconds,
): ReachState {
  const at = (pause: number) => milliseconds(now + pause);
  if (outcome.state === "mapped") {
    const half = (outcome.mapping.lifetime ?? LIFETIME) / 2;
    const next = at(Math.min(CHECK, Math.max(half, 1000)));
    return { mapping: outcome.mapping, failure: undefined, failures: 0, nextAt: next };
  }
  const failure = outcome.reason;
  const count = failures + 1;
  if (mapping && failure === "silent" && count < PATIENCE) {
    return { mapping, failure, failures: count, nextAt: at(RETRY) };
  }
  const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(10, count - 1));
  return { mapping: undefined, failure, failures: count, nextAt: at(pause) };
}

/** Where the mapping leads to from outside; undefined when it does not, or there is none. */
export function outsideOf({ mapping }: ReachState) {
  if (!mapping || addressKind(mapping.externalAddress) !== "public") return undefined;
  return { address: mapping.externalAddress, port: mapping.externalPort };
}

/** The port that worked, then the same as inside, then others by chance: any of them will do. */
export function externalPorts(
  internal: number,
  last: number | undefined,
  unit: () => number,
): readonly number[] {
  const chance = Array.from({ length: 4 }, () => 20_000 + Math.floor(unit() * 40_000));
  return [...new Set([...(last === undefined ? [] : [last]), internal, ...chance])];
}
