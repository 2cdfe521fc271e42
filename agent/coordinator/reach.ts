/**
 * Asks a box's addresses from outside before viewers are sent to it. Only public addresses are ever
 * asked, or the coordinator could be made to knock on doors inside its own network.
 */
import { lookup } from "node:dns/promises";
import { pinCertificate, tlsFor } from "../content/pinned-certificate.ts";
import type { Hash, PublicKey } from "../core/encoding.ts";
import type { Log } from "../core/log.ts";
import { networkOf } from "./network.ts";
import type { Store } from "./store/store.ts";

/**
 * Does anything that speaks HTTP answer there, with the certificate's key that the box named, where it
 * named one? Never throws.
 */
export type ReachProbe = (
  url: string,
  signal: AbortSignal,
  tlsKey: Hash | undefined,
) => Promise<boolean>;

export interface ReachOptions {
  readonly store: Store;
  /** undefined where every announced address is believed, as on one machine. */
  readonly probe: ReachProbe | undefined;
  readonly log: Log;
}

const ANSWER_WITHIN_MS = 5_000;
/** Checks that run at once; births beyond that are checked when one is done. */
const AT_ONCE = 16;

export function createReachCheck({ store, probe, log }: ReachOptions) {
  const waiting = new Map<PublicKey, readonly string[]>();
  let running = 0;

  async function next(): Promise<void> {
    const [first] = waiting;
    if (!first || !probe) return;
    const [box, addresses] = first;
    waiting.delete(box);
    const row = store.boxes.get(box);
    const answering = await firstAnswering(addresses, row?.tls_key ?? undefined, probe);
    const before = row?.reachable ?? undefined;
    if (answering !== before) log.info("reach of a box changed", { box, reachable: !!answering });
    store.boxes.setReachable(box, answering);
    return next();
  }

  return {
    enabled: probe !== undefined,
    /** Checks in the background; a newer announcement of the same box replaces a waiting one. */
    check(box: PublicKey, addresses: readonly string[]): void {
      if (!probe) return;
      waiting.set(box, addresses);
      if (running >= AT_ONCE) return;
      running += 1;
      next().finally(() => {
        running -= 1;
      });
    },
  };
}

async function firstAnswering(
  addresses: readonly string[],
  tlsKey: Hash | undefined,
  probe: ReachProbe,
) {
  for (const address of addresses) {
    if (await probe(address, AbortSignal.timeout(ANSWER_WITHIN_MS), tlsKey)) return address;
  }
  return undefined;
}

/** The real probe: any HTTP answer from a public address will do, redirects are not followed. */
export const probeOverHttp: ReachProbe = async (url, signal, tlsKey) => {
  try {
    const { hostname } = new URL(url);
    const { address } = await lookup(hostname.replace(/^\[|\]$/g, ""));
    if (networkOf(address) === undefined) return false;
    const tls = await pinnedTls(url, tlsKey, signal);
    const answer = await fetch(url, { method: "HEAD", redirect: "manual", signal, ...tls });
    await answer.body?.cancel();
    return true;
  } catch {
    // Refused, timed out, no such name, another key: not reachable, whichever it was.
    return false;
  }
};

/** Throws when what answers is not the box; viewers would find the same. */
async function pinnedTls(url: string, tlsKey: Hash | undefined, signal: AbortSignal) {
  if (tlsKey === undefined) return {};
  const pinned = await pinCertificate(url, tlsKey, signal);
  if (!pinned.ok) throw new Error(pinned.reason);
  return tlsFor(pinned.certificate);
}
