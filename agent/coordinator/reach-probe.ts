/** Asks one address of a box from outside. */
import { lookup } from "node:dns/promises";
import { isIPv6 } from "node:net";
import { pinCertificate, tlsFor } from "../content/pinned-certificate.ts";
import type { Hash, PublicKey } from "../core/encoding.ts";
import { readBounded } from "../core/read-bounded.ts";
import { networkOf } from "./network.ts";

export interface ReachTarget {
  readonly box: PublicKey;
  /** One of the base URLs it announced. */
  readonly url: string;
  /** The key of the certificate it serves with, where it named one. */
  readonly tlsKey: Hash | undefined;
}

/** Does this very box answer there? Never throws. */
export type ReachProbe = (target: ReachTarget, signal: AbortSignal) => Promise<boolean>;

const LONGEST_ANSWER = 4096;

/** Only public addresses are asked, and the name is resolved once, or the probe could be sent inside. */
export const probeOverHttp: ReachProbe = async ({ box, url, tlsKey }, signal) => {
  try {
    const { hostname, host } = new URL(url);
    const { address } = await lookup(hostname.replace(/^\[|\]$/g, ""));
    if (networkOf(address) === undefined) return false;
    return await answersAs(box, pinned(new URL(url), address, tlsKey), host, tlsKey, signal);
  } catch {
    // Refused, timed out, no such name, another key: not reachable, whichever it was.
    return false;
  }
};

/** A certificate without a pinned key is checked by its name, which nobody inside our network has. */
function pinned(url: URL, address: string, tlsKey: Hash | undefined): URL {
  if (url.protocol === "https:" && tlsKey === undefined) return url;
  const named = new URL(url);
  named.hostname = isIPv6(address) ? `[${address}]` : address;
  return named;
}

/** Throws when nothing answers, or not with the certificate. Asks no address but the given one. */
export async function answersAs(
  box: PublicKey,
  base: URL,
  host: string,
  tlsKey: Hash | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const tls = tlsKey === undefined ? {} : await pinnedTls(base, tlsKey, signal);
  const answer = await fetch(new URL("/v1/box", base), {
    redirect: "manual",
    headers: { host },
    signal,
    ...tls,
  });
  const text = await readBounded(answer, LONGEST_ANSWER);
  // A router's own page answers too; only the box says its name.
  return answer.status === 200 && boxNamed(text) === box;
}

async function pinnedTls(base: URL, tlsKey: Hash, signal: AbortSignal) {
  const certificate = await pinCertificate(base.href, tlsKey, signal);
  if (!certificate.ok) throw new Error(certificate.reason);
  return tlsFor(certificate.certificate);
}

function boxNamed(text: string): unknown {
  const answer: unknown = JSON.parse(text);
  return typeof answer === "object" && answer !== null && "box" in answer ? answer.box : undefined;
}
