/** Base URLs under which peers may reach this box, most preferred first. Pure but for the caller's list. */
import type { NetworkInterfaceInfo } from "node:os";
import type { Config } from "../config.ts";
import { formatAuthority } from "../settings.ts";

const MOST = 8;

export function ownAddresses(
  config: Config,
  port: number,
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>,
): readonly string[] {
  if (config["box.addresses"].length > 0) return config["box.addresses"].slice(0, MOST);
  const { host } = config["box.listen"];
  if (host !== "0.0.0.0" && host !== "::") return [`http://${formatAuthority(host, port)}`];
  const nic = config["box.nic"];
  const all = Object.entries(interfaces).flatMap(([name, list]) =>
    nic === "" || nic === name ? (list ?? []) : [],
  );
  const reachable = all.filter(({ internal, address }) => !internal && !isLinkLocal(address));
  // IPv6 first: behind most routers it is the only address that leads here from outside.
  const ordered = [
    ...reachable.filter(({ family, address }) => family === "IPv6" && isGlobal(address)),
    ...reachable.filter(({ family }) => family === "IPv4"),
  ];
  const listening =
    host === "0.0.0.0" ? ordered.filter(({ family }) => family === "IPv4") : ordered;
  return listening.slice(0, MOST).map(({ address }) => `http://${formatAuthority(address, port)}`);
}

const isLinkLocal = (address: string) => /^(fe80:|169\.254\.)/i.test(address);
/** 2000::/3 (RFC 4291 §2.4); unique local addresses lead nowhere from outside. */
const isGlobal = (address: string) => /^[23]/.test(address);
