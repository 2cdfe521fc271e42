/** From which network a request came, as a keyed hash: enough to see that two came from one home. */
import { createHmac } from "node:crypto";
import { isIP } from "node:net";

/** Addresses that say nothing about a household: loopback, private, link-local, carrier NAT, ULA. */
const NOT_PUBLIC =
  /^(?:0\.|10\.|127\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|192\.168\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|22[4-9]\.|2[3-5]\d\.|::1?$|f[cd]|fe[89ab]|ff)/i;

/**
 * The network's name: an IPv4 address, or the first 56 bits of an IPv6 address, which is what a
 * household is given (RFC 6177). undefined for what is not a public address.
 */
export function networkOf(address: string): string | undefined {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");
  const family = isIP(plain);
  if (family === 0 || NOT_PUBLIC.test(plain)) return undefined;
  return family === 4 ? plain : `${prefix56(plain)}/56`;
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
