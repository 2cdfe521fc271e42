/** Which network an IP address belongs to, so that a household counts once, however many addresses it has. */
import { isIPv4, isIPv6 } from "node:net";

const GROUPS = 8;
const GROUP_BITS = 16;

/**
 * The first `bits` of an IPv6 address, written as "2001:db8:1:200/56"; an IPv4 address as it is, also
 * where IPv6 carries it (::ffff:192.0.2.1, RFC 4291 §2.5.5.2). A zone ("%eth0") does not count.
 * undefined for what is no address. Pure.
 */
export function networkPrefix(address: string, bits: number): string | undefined {
  const [plain = ""] = address.split("%", 1);
  if (isIPv4(plain)) return plain;
  const groups = ipv6Groups(plain);
  if (!groups) return undefined;
  const carried = carriedIpv4(groups);
  if (carried !== undefined) return carried;
  const kept = groups
    .slice(0, Math.ceil(bits / GROUP_BITS))
    .map((group, i) => group & (0xffff << Math.max(0, GROUP_BITS * (i + 1) - bits)));
  return `${kept.map((group) => group.toString(16)).join(":")}/${bits}`;
}

/** The eight numbers of 16 bits of an IPv6 address without a zone; undefined for anything else. */
export function ipv6Groups(address: string): number[] | undefined {
  if (!isIPv6(address) || address.includes("%")) return undefined;
  const [head = [], tail = []] = withoutDots(address)
    .split("::")
    .map((half) => (half === "" ? [] : half.split(":")));
  const zeros = Array<string>(GROUPS - head.length - tail.length).fill("0");
  return [...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16));
}

/** Its last 32 bits may be written like an IPv4 address (RFC 4291 §2.2). */
const withoutDots = (address: string) =>
  address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });

function carriedIpv4(groups: readonly number[]): string | undefined {
  const [high = 0, low = 0] = groups.slice(6);
  if (groups[5] !== 0xffff || groups.slice(0, 5).some((group) => group !== 0)) return undefined;
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
}
