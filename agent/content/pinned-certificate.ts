/**
 * TLS to a box, whose certificate no authority vouches for: its key is named in the coordinator's
 * ticket. The certificate is fetched once, its key compared, and from then on it is the only root
 * that the box's connections are checked against.
 */
import { createHash, X509Certificate } from "node:crypto";
import { connect } from "node:tls";
import { type Hash, toHex } from "../core/encoding.ts";

export type Pinned =
  | { readonly ok: true; readonly certificate: string }
  | { readonly ok: false; readonly reason: string };

/** What `fetch` needs to talk to exactly this box; the name in the certificate says nothing. */
export const tlsFor = (certificate: string) => ({
  tls: { ca: certificate, checkServerIdentity: () => undefined },
});

/** The certificate a box shows, when its key is the ticket's. Never rejects. */
export function pinCertificate(address: string, key: Hash, signal: AbortSignal): Promise<Pinned> {
  const { hostname, port } = new URL(address);
  const host = hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port || 443), rejectUnauthorized: false }, () => {
      // An empty object stands for no certificate, so its `raw` may be missing.
      const raw: Uint8Array | undefined = socket.getPeerCertificate().raw;
      end(raw ? judge(raw, key) : { ok: false, reason: "the box shows no certificate" });
    });
    const end = (pinned: Pinned) => {
      signal.removeEventListener("abort", abort);
      socket.destroy();
      resolve(pinned);
    };
    const abort = () => end({ ok: false, reason: "stopped" });
    signal.addEventListener("abort", abort, { once: true });
    socket.on("error", (fault) => end({ ok: false, reason: fault.message }));
  });
}

function judge(raw: Uint8Array, key: Hash): Pinned {
  const certificate = new X509Certificate(raw);
  const spki = certificate.publicKey.export({ type: "spki", format: "der" });
  return toHex(createHash("sha256").update(spki).digest()) === key
    ? { ok: true, certificate: certificate.toString() }
    : { ok: false, reason: "the box shows another key than its ticket names" };
}
