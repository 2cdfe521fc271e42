import type { Milliseconds } from "../agent/core/units.ts";

/** PCP is RFC 6887, NAT-PMP RFC 6886, UPnP-IGD the WANIPConnection and WANPPPConnection services. */
export type MappingProtocol = "pcp" | "nat-pmp" | "upnp-igd";

export interface MappingRequest {
  /** TCP port of this machine. */
  readonly internalPort: number;
  /** Outside ports, the most wanted first, at least one; a router that chooses itself may give another. */
  readonly externalPorts: readonly number[];
  readonly lifetime: Milliseconds;
  /** 12 bytes that nobody else knows and that survive a restart: whose mapping it is (RFC 6887 §11.1). */
  readonly nonce: Uint8Array;
}

export interface PortMapping {
  readonly protocol: MappingProtocol;
  readonly gateway: string;
  readonly internalAddress: string;
  readonly internalPort: number;
  /** IPv4 address that the router says it has outside; private behind a second NAT. */
  readonly externalAddress: string;
  readonly externalPort: number;
  /** How long it stands from now; undefined where it stands until it is removed. */
  readonly lifetime: Milliseconds | undefined;
}

export type MappingFailure =
  /** There is no IPv4 default gateway. */
  | "no-gateway"
  /** The gateway answers none of the protocols. */
  | "silent"
  /** It answers, and does not allow it. */
  | "refused"
  /** It has no public address of its own, and will not map for that reason. */
  | "no-address"
  /** Every outside port that was asked for belongs to somebody else. */
  | "no-port";

export type MappingOutcome =
  | { readonly state: "mapped"; readonly mapping: PortMapping }
  | { readonly state: "failed"; readonly reason: MappingFailure };

/** Asks the home's router to pass connections from outside to a TCP port of this machine. */
export interface PortMapper {
  /**
   * Makes the mapping, or sees that it still stands and renews it in time. Idempotent, so it is also
   * how a router that restarted is found out. Never takes a mapping over that leads to another
   * machine. Never throws. Gives up between two questions when the signal aborts.
   */
  map(request: MappingRequest, signal?: AbortSignal): Promise<MappingOutcome>;
  /** Takes the mapping back; true when the router says so. Idempotent, never throws. */
  unmap(mapping: PortMapping, nonce: Uint8Array): Promise<boolean>;
}
