/** What boxes are told of where they can measure their line's delay. */
import { formatAuthority, type ListenAddress } from "../core/listen-address.ts";

const EVERY_ADDRESS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/**
 * What the operator says, else where the reflector listens. One that listens at every address does not
 * know which of them boxes reach, and loopback would be each box's own.
 */
export function reflectorAddresses(
  configured: readonly string[],
  listening: ListenAddress,
): readonly string[] {
  if (configured.length > 0) return configured;
  const { host, port } = listening;
  return EVERY_ADDRESS.has(host) ? [] : [formatAuthority(host, port)];
}

/** Whether another machine can reach any of them, which are `host:port`. */
export const reachElsewhere = (addresses: readonly string[]) =>
  addresses.some((address) => !/^(127\.|\[::1\]|localhost(:|$))/.test(address));
