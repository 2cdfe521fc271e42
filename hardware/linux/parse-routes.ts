/** Default routes from /proc/net/route and /proc/net/ipv6_route (kernel: net/ipv4/fib_trie.c, net/ipv6/route.c). */
import { addressV4, addressV6 } from "./address-text.ts";

export interface DefaultRoute {
  readonly device: string;
  readonly metric: number;
  /** undefined on point-to-point links, which need none. A link-local one carries its `%device`. */
  readonly gateway?: string;
}

const RTF_UP = 0x1;
const RTF_REJECT = 0x200;
const ZERO_V6 = "0".repeat(32);

/** The default routes in the order the kernel prefers them: lowest metric first, then as listed. */
export function parseRoutesV4(text: string): readonly DefaultRoute[] {
  return byMetric(
    text
      .split("\n")
      .slice(1)
      .map(parseLineV4)
      .filter((route) => route !== undefined),
  );
}

export function parseRoutesV6(text: string): readonly DefaultRoute[] {
  return byMetric(
    text
      .split("\n")
      .map(parseLineV6)
      .filter((route) => route !== undefined),
  );
}

const byMetric = (routes: DefaultRoute[]) => routes.sort((a, b) => a.metric - b.metric);

function parseLineV4(line: string): DefaultRoute | undefined {
  const [device, destination, gateway, flags, , , metric, mask] = line.trim().split(/\s+/);
  if (!device || destination !== "00000000" || mask !== "00000000") return undefined;
  const address = addressV4(hostOrder(gateway ?? ""));
  if (!isUsable(flags) || !address) return undefined;
  return {
    device,
    // printed as if it had a sign: -1 is the last resort, not the first choice
    metric: Number(metric) >>> 0,
    ...(address !== "0.0.0.0" && { gateway: address }),
  };
}

function parseLineV6(line: string): DefaultRoute | undefined {
  const fields = line.trim().split(/\s+/);
  const [destination, prefix, , sourcePrefix, nextHop, metric, , , flags, device] = fields;
  if (destination !== ZERO_V6 || prefix !== "00" || sourcePrefix !== "00") return undefined;
  if (!device || device === "lo" || !isUsable(flags)) return undefined;
  const address = addressV6(nextHop ?? "");
  if (!address) return undefined;
  const gateway = /^fe[89ab]/.test(address) ? `${address}%${device}` : address;
  return {
    device,
    metric: Number.parseInt(metric ?? "", 16) || 0,
    ...(address !== "::" && { gateway }),
  };
}

function isUsable(flags: string | undefined): boolean {
  const bits = Number.parseInt(flags ?? "", 16);
  return (bits & RTF_UP) !== 0 && (bits & RTF_REJECT) === 0;
}

/** The kernel prints the address as one number in the machine's byte order; all our targets are little-endian. */
const hostOrder = (hex: string) => hex.match(/../g)?.reverse().join("") ?? "";
