/** What `tc qdisc show` and `tc filter show dev … ingress` print of redirections. */
import type { Source } from "../ingress-control.ts";
import { addressV4, addressV6 } from "./address-text.ts";
import { IFB } from "./ingress-commands.ts";

export interface IngressListing {
  /** Kind of the qdisc that hangs at the ingress; undefined when there is none. */
  readonly qdisc?: string;
  /** Filters that send to our own device. */
  readonly sources: readonly Source[];
  /** Filters that do anything else. */
  readonly strangers: number;
}

export function parseIngress(text: string): IngressListing {
  const qdisc = text.match(/^qdisc (ingress|clsact) ffff:/m)?.[1];
  const filters = text
    .split(/^(?=filter )/m)
    .filter((block) => /^\s+action order|flowid \S+:/m.test(block));
  const ours = filters.filter((block) => block.includes(`Redirect to device ${IFB})`));
  return {
    ...(qdisc && { qdisc }),
    sources: ours.map(parseSource).filter((source) => source !== undefined),
    strangers: filters.length - ours.length,
  };
}

/** The source address is at byte 12 of an IPv4 header and 8 to 23 of an IPv6 one, the port after it. */
function parseSource(block: string): Source | undefined {
  const words = new Map(
    [...block.matchAll(/^\s+match ([0-9a-f]{8})\/[0-9a-f]{8} at (\d+)\b/gm)].map(
      ([, word, at]) => [Number(at), word ?? ""] as const,
    ),
  );
  const word = (at: number) => words.get(at) ?? "";
  const v6 = words.has(40);
  const address = v6 ? addressV6([8, 12, 16, 20].map(word).join("")) : addressV4(word(12));
  const port = Number.parseInt(word(v6 ? 40 : 20).slice(0, 4), 16);
  return address && port > 0 ? { address, port } : undefined;
}
