/** What an IPv4 address that a router calls its own means to somebody outside. */
import { BlockList } from "node:net";

export type AddressKind =
  | "public"
  /** Shared by the provider among customers (RFC 6598), or the inner end of DS-Lite (RFC 6333). */
  | "carrier"
  /** Of another router, loopback, link-local, documentation, multicast: leads nowhere from outside. */
  | "private";

const carrier = blocks("100.64.0.0/10", "192.0.0.0/29");
/** The IANA special-purpose registry (RFC 6890), multicast and what is reserved. */
const unreachable = blocks(
  "0.0.0.0/8",
  "10.0.0.0/8",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
);

export function addressKind(address: string): AddressKind {
  if (carrier.check(address)) return "carrier";
  return unreachable.check(address) ? "private" : "public";
}

function blocks(...prefixes: readonly string[]): BlockList {
  const list = new BlockList();
  for (const prefix of prefixes) {
    const [network = "", bits] = prefix.split("/");
    list.addSubnet(network, Number(bits));
  }
  return list;
}
