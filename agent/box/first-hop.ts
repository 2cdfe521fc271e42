/**
 * The provider's first router, which is asked for its delay where no reflector answers: it is the
 * nearest place behind the home's line. Looked for only when it is wanted.
 */
import { lookup } from "node:dns/promises";
import type { LinePath } from "../../hardware/line-path.ts";
import type { ProbeTarget } from "../../hardware/probe.ts";
import type { Clock } from "../core/clock.ts";
import { reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { addressKind } from "./reach-address.ts";

export interface FirstHopOptions {
  readonly path: LinePath;
  /** A literal IPv4 address beyond the line; undefined while none is known. */
  readonly towards: () => Promise<string | undefined>;
  readonly clock: Clock;
  readonly log: Log;
}

/** A route changes seldom, and a search costs five packets. */
const AGAIN_MS = 600_000;
/** Where none was found: the network may just be coming up. */
const SOON_MS = 60_000;

/**
 * The first router whose address is no home's own. A home may have two routers one behind the other,
 * and a place before the line would never show its queue, so a private address is passed over even
 * where it is a provider's; carriers' shared addresses (RFC 6598) are providers'.
 */
export const beyondHome = (hops: readonly (string | undefined)[]): string | undefined =>
  hops.find((hop) => hop !== undefined && addressKind(hop) !== "private");

/** @returns what to probe; empty while it is not known. A search begins when it is asked for. */
export function createFirstHop(options: FirstHopOptions): () => readonly ProbeTarget[] {
  const { path, towards, clock, log } = options;
  let searchedAt = Number.NEGATIVE_INFINITY;
  let found: readonly ProbeTarget[] = [];

  async function search(): Promise<void> {
    try {
      const address = await towards();
      const hop = address === undefined ? undefined : beyondHome(await path.hops(address));
      found = hop === undefined ? [] : [{ kind: "echo", address: hop }];
      log.info("looked for the provider's first router", { found: hop !== undefined });
    } catch (fault) {
      log.notice("cannot look for the provider's first router", { reason: reasonOf(fault) });
    }
  }

  return () => {
    if (clock.monotonicMs() - searchedAt >= (found.length > 0 ? AGAIN_MS : SOON_MS)) {
      searchedAt = clock.monotonicMs();
      void search();
    }
    return found;
  };
}

/** IPv4 of a URL's host. Rejects when the name has none. */
export async function addressOfHost(url: string): Promise<string> {
  return (await lookup(new URL(url).hostname, 4)).address;
}
