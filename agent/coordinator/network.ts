/** From which network a request came, as a keyed hash: enough to see that two came from one home. */
import { createHmac } from "node:crypto";
import { isIP } from "node:net";

/** IPv4 addresses that say nothing about a household: loopback, private, link-local, carrier NAT, multicast. */
const NOT_PUBLIC =
  /^(?:0\.|10\.|127\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|192\.168\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|22[4-9]\.|2[3-5]\d\.)/;

/**
 * IPv6: global unicast is 2000::/3 (RFC 4291), less Teredo (2001::/32) and 6to4 (2002::/16), which
 * carry an IPv4 address in them. An IPv4-mapped address in hexadecimal is none of it either.
 */
const PUBLIC_V6 = /^(?!2001:0{0,4}:|2002:)[23][0-9a-f]{3}:/i;

/**
 * The network's name: an IPv4 address, or the first 56 bits of an IPv6 address, which is what a
 * household is given (RFC 6177). undefined for what is not a public address.
 */
export function networkOf(address: string): string | undefined {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");
  const family = isIP(plain);
  if (family === 4) return NOT_PUBLIC.test(plain) ? undefined : plain;
  return family === 6 && PUBLIC_V6.test(plain) ? `${prefix56(plain)}/56` : undefined;
}

function prefix56(address: string): string {
  const [head = "", tail] = address.toLowerCase().split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0");
  const groups = tail === undefined ? left : [...left, ...zeros, ...right];
  const first = groups.slice(0, 4).map((group) => Number.parseInt(group, 16));
  first[3] = (first[3] ?? 0) & 0xff00;
  return first.map((group) => group.toString(16)).join(":");
}

/** Addresses are never stored, only what this makes of them. */
export const hideNetwork = (network: string, secret: Uint8Array) =>
  createHmac("sha256", secret).update(network).digest("hex").slice(0, 32);
