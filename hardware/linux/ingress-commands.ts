/** Lines for `tc -batch -` that send what comes from some sources through a device where it can queue. */
import { isIP } from "node:net";
import type { Source } from "../ingress-control.ts";

/** Our own intermediate functional block; its name tells that the redirection is ours. */
export const IFB = "sbifb0";

export const listIngress = (device: string) =>
  `qdisc show dev ${device}\nfilter show dev ${device} ingress\n`;

/** Fails where a stranger already has an ingress or clsact qdisc. */
export const addIngress = (device: string) => `qdisc add dev ${device} handle ffff: ingress\n`;

export const deleteIngress = (device: string) => `qdisc del dev ${device} ingress\n`;

/** Sources have to be literal addresses. */
export const addRedirects = (device: string, sources: readonly Source[]) =>
  sources.map((source) => redirect(device, source)).join("");

function redirect(device: string, { address, port }: Source): string {
  const add = `filter add dev ${device} parent ffff:`;
  const target = `action mirred egress redirect dev ${IFB}\n`;
  return isIP(address) === 4
    ? `${add} protocol ip prio 1 u32 match ip protocol 6 0xff match ip src ${address}/32 match ip sport ${port} 0xffff ${target}`
    : `${add} protocol ipv6 prio 2 u32 match ip6 protocol 6 0xff match ip6 src ${address}/128 match ip6 sport ${port} 0xffff ${target}`;
}
