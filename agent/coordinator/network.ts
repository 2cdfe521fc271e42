/** From which network a request came, as a keyed hash: enough to see that two came from one home. */
import { createHmac } from "node:crypto";
import { networkPrefix } from "../core/network-prefix.ts";

/**
 * IPv4 addresses that say nothing about a household: loopback, private, link-local, carrier NAT,
 * protocol assignments, benchmarks, multicast and reserved (RFC 6890).
 */
const NOT_PUBLIC =
  /^(?:0\.|10\.|127\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|192\.(?:168|0\.0)\.|198\.1[89]\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|22[4-9]\.|2[3-5]\d\.)/;

/**
 * IPv6: global unicast is 2000::/3 (RFC 4291), less Teredo (2001::/32) and 6to4 (2002::/16), which
 * carry an IPv4 address in them.
 */
const PUBLIC_V6 = /^(?!2001:0:|2002:)[23][0-9a-f]{3}:/;
/** What a household is given (RFC 6177). */
const HOME_BITS = 56;

/**
 * The network's name: an IPv4 address, or the first 56 bits of an IPv6 address. undefined for what is
 * not a public address.
 */
export function networkOf(address: string): string | undefined {
  const network = networkPrefix(address, HOME_BITS);
  if (network === undefined) return undefined;
  const isPublic = network.includes(":") ? PUBLIC_V6.test(network) : !NOT_PUBLIC.test(network);
  return isPublic ? network : undefined;
}

/** Whose requests count together: all of a home's addresses, public or not. */
export const clientOf = (address: string) => networkPrefix(address, HOME_BITS) ?? address;

/** Addresses are never stored, only what this makes of them. */
export const hideNetwork = (network: string, secret: Uint8Array) =>
  createHmac("sha256", secret).update(network).digest("hex").slice(0, 32);
