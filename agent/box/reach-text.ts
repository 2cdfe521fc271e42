/** Why viewers do not get through, and what the household can do; for the condition's detail. No addresses. */
import { assertNever } from "../core/errors.ts";
import { addressKind } from "./reach-address.ts";
import type { NoMapping, ReachState } from "./reach-state.ts";

export function whyUnreachable(
  port: number,
  no: NoMapping | undefined,
  { mapping, failure }: ReachState,
): string {
  const named = `TCP port ${port}`;
  if (no !== undefined) return `${named}: ${withoutMapping(no)}`;
  if (mapping) {
    const kind = addressKind(mapping.externalAddress);
    if (kind === "carrier") {
      return `${named}: your provider shares one IPv4 address among customers; ask it for a public one, or for IPv6`;
    }
    if (kind === "private") {
      return `${named}: there is a second router between yours and the internet; forward the port in that one too, or let it bridge`;
    }
    return `TCP port ${mapping.externalPort} of the router leads to port ${port} here, but nothing arrives; look for a firewall, or a second router`;
  }
  switch (failure) {
    case undefined:
      return `${named}: the router is being asked`;
    case "no-gateway":
      return `${named}: there is no router in sight`;
    case "silent":
      return `${named}: the router does not answer UPnP, NAT-PMP or PCP`;
    case "refused":
      return `${named}: the router does not allow devices to open ports`;
    case "no-address":
      return `${named}: the router has no public IPv4 address; ask your provider for one, or for IPv6`;
    case "no-port":
      return `${named}: the router has no port left for this box`;
    default:
      return assertNever(failure);
  }
}

function withoutMapping(no: NoMapping): string {
  switch (no) {
    case "no-consent":
      return "sharing is off";
    case "switched-off":
      return "box.port_mapping is off, so the port has to be forwarded by hand";
    case "configured":
      return "nothing answers under box.addresses";
    case "loopback":
      return "box.listen is an address of this machine alone";
    case "household-page":
      return "box.listen and status.listen have the same port";
    case "public-address":
      return "the address of this machine is public, but nothing arrives; look for a firewall";
    default:
      return assertNever(no);
  }
}
