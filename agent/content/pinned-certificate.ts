/**
 * TLS to a box, whose certificate no authority vouches for: its key is named in the coordinator's
 * ticket. The certificate is fetched once, its key compared, and from then on it is the only root
 * that the box's connections are checked against.
 */
import { X509Certificate } from "node:crypto";
import { connect } from "node:tls";
import type { Hash } from "../core/encoding.ts";
import { reasonOf } from "../core/errors.ts";
import { certificateKey } from "../identity/certificate-key.ts";

export type Pinned =
  | { readonly ok: true; readonly certificate: string }
  /** `foreign`: something did answer there, with another certificate or none. */
  | { readonly ok: false; readonly foreign: boolean; readonly reason: string };

/**
 * What `fetch` needs to talk to exactly this box. Whoever signed the certificate is not asked: it is
 * itself where the chain ends. Which names it has says nothing either, so the box is asked for by the
 * first of them; without any, names go unchecked, at the price of a connection for each request
 * (Bun reuses none that has a `checkServerIdentity`).
 */
export function tlsFor(certificate: string) {
  const pinned = { ca: certificate, allowPartialTrustChain: true };
  const serverName = nameIn(new X509Certificate(certificate));
  return {
    tls: serverName ? { ...pinned, serverName } : { ...pinned, checkServerIdentity: anyName },
  };
}

const anyName = () => undefined;

/** "*.boxes.example" is asked for as "box.boxes.example". */
const nameIn = ({ subjectAltName = "" }: X509Certificate) =>
  /(?:^|, )DNS:([\w.*-]+)(?:,|$)/.exec(subjectAltName)?.[1]?.replace(/^\*/, "box");

/** The certificate a box shows, when its key is the ticket's. Never rejects. */
export function pinCertificate(address: string, key: Hash, signal: AbortSignal): Promise<Pinned> {
  const { hostname, port } = new URL(address);
  const host = hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port || 443), rejectUnauthorized: false }, () => {
      // An empty object stands for no certificate, so its `raw` may be missing.
      const raw: Uint8Array | undefined = socket.getPeerCertificate().raw;
      end(raw ? judge(raw, key) : foreign("the box shows no certificate"));
    });
    const end = (pinned: Pinned) => {
      signal.removeEventListener("abort", abort);
      socket.destroy();
      resolve(pinned);
    };
    const silent = (reason: string) => end({ ok: false, foreign: false, reason });
    const abort = () => silent("stopped");
    signal.addEventListener("abort", abort, { once: true });
    socket.on("error", (fault) => silent(fault.message));
    socket.on("close", () => silent("the connection was closed"));
    if (signal.aborted) abort();
  });
}

const foreign = (reason: string): Pinned => ({ ok: false, foreign: true, reason });

function judge(raw: Uint8Array, key: Hash): Pinned {
  try {
    const certificate = new X509Certificate(raw);
    return certificateKey(certificate) === key
      ? { ok: true, certificate: certificate.toString() }
      : foreign("the box shows another key than its ticket names");
  } catch (fault) {
    return foreign(`the box shows a certificate that cannot be read (${reasonOf(fault)})`);
  }
}
