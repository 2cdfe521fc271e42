/** Base URLs under which peers may reach this box, most preferred first. Pure but for the caller's list. */
import type { NetworkInterfaceInfo } from "node:os";
import type { Config } from "../config.ts";
import { formatAuthority } from "../core/listen-address.ts";

const MOST = 8;
/** Privacy extensions add one a day (RFC 8981); the newest few are enough. */
const MOST_V6 = 4;

/** Where a port of the router leads to this box. */
export interface OutsideAddress {
  readonly address: string;
  readonly port: number;
}

export function ownAddresses(
  config: Config,
  port: number,
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>,
  mapped?: OutsideAddress,
): readonly string[] {
  if (config["box.addresses"].length > 0) return config["box.addresses"].slice(0, MOST);
  const scheme = config["box.tls_certificate_file"] === "" ? "http" : "https";
  const urls = (list: readonly OutsideAddress[]) =>
    list.slice(0, MOST).map(({ address, port }) => `${scheme}://${formatAuthority(address, port)}`);
  const outside = mapped ? [mapped] : [];
  const host = listenHost(config["box.listen"].host, interfaces);
  if (host !== "0.0.0.0" && host !== "::") return urls([...outside, { address: host, port }]);
  const nic = config["box.nic"];
  const own = Object.entries(interfaces)
    .flatMap(([name, list]) => (nic === "" || nic === name ? (list ?? []) : []))
    .filter(({ internal, address }) => !internal && !isLinkLocal(address));
  const at = ({ address }: NetworkInterfaceInfo) => ({ address, port });
  const v6 = own.filter(({ family, address }) => family === "IPv6" && isGlobal(address));
  const v4 = own.filter(({ family }) => family === "IPv4");
  // IPv6 first, because no router rewrites it; the home's own addresses serve the home.
  const listening = host === "::" ? v6.slice(0, MOST_V6).map(at) : [];
  return urls([...listening, ...outside, ...v4.map(at)]);
}

/** Where to listen: a kernel without IPv6 does not know its wildcard. */
export function listenHost(host: string, interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>): string {
  const all = Object.values(interfaces).flatMap((list) => list ?? []);
  return host === "::" && all.every(({ family }) => family !== "IPv6") ? "0.0.0.0" : host;
}

const isLinkLocal = (address: string) => /^(fe80:|169\.254\.)/i.test(address);
/** 2000::/3 (RFC 4291 §2.4); unique local addresses lead nowhere from outside. */
const isGlobal = (address: string) => /^[23]/.test(address);
