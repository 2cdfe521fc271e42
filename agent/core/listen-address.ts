/** Host and port as settings name them and as URLs carry them. */

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** "127.0.0.1:7410", "[::1]:7410"; port 0 asks the kernel for a free one. */
export function parseListenAddress(value: unknown): ListenAddress | undefined {
  const match =
    typeof value === "string"
      ? /^(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(value)
      : null;
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host !== undefined && port <= 65_535 ? { host, port } : undefined;
}

/** As URLs carry it: an IPv6 address in brackets. */
export const hostInUrl = (host: string) => (host.includes(":") ? `[${host}]` : host);

/** `host:port` for URLs and messages; IPv6 addresses in brackets, a wildcard as loopback. */
export function formatAuthority(host: string, port: number): string {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `${hostInUrl(reachable)}:${port}`;
}
