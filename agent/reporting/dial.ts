/**
 * Opens the connection to the broker, TLS with a pinned authority included, before a byte of MQTT
 * (and so of a password) is sent.
 */
import { X509Certificate } from "node:crypto";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type DetailedPeerCertificate, type TLSSocket } from "node:tls";
import { brokerAddress } from "../core/broker-address.ts";
import type { Clock } from "../core/clock.ts";
import { reasonOf } from "../core/errors.ts";
import { certificatesIn } from "../core/pem.ts";
import type { Milliseconds } from "../core/units.ts";

export interface BrokerTls {
  /** PEM: the only authorities that are trusted. Without any, those of the system are. */
  readonly ca?: string | undefined;
  /** PEM: client certificate and its key. */
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}

export interface DialOptions {
  /** `mqtt://host[:port]` or `mqtts://host[:port]`. */
  readonly url: string;
  readonly tls?: BrokerTls | undefined;
  /** False on a box whose clock no time source has set, so that it may be years off: certificates' dates then prove nothing. */
  readonly clockTrusted: boolean;
  readonly timeout: Milliseconds;
  readonly clock: Clock;
}

/** Rejects with a reason for people when there is no connection in time or the broker is not ours. */
export function dial(options: DialOptions, signal: AbortSignal): Promise<Socket> {
  const { host, port, secure } = brokerAddress(options.url);
  return new Promise((resolve, reject) => {
    const socket = secure ? openTls(host, port, options) : connectTcp({ host, port });
    const fail = (reason: string, cause?: unknown) => {
      settle();
      socket.destroy();
      reject(new Error(reason, { cause }));
    };
    const abort = () => fail("stopped");
    const settled = new AbortController();
    const settle = () => {
      settled.abort();
      signal.removeEventListener("abort", abort);
    };
    signal.addEventListener("abort", abort, { once: true });
    void options.clock.sleep(options.timeout, settled.signal).then(() => {
      if (!settled.signal.aborted) fail(`no answer from ${host}:${port}`);
    });
    socket.once("error", (fault) => fail(`${host}:${port}: ${fault.message}`, fault));
    socket.once("close", () => fail(`${host}:${port} closed the connection`));
    socket.once(secure ? "secureConnect" : "connect", () => {
      const doubt = secure ? doubtAbout(socket as TLSSocket, host, options) : undefined;
      if (doubt !== undefined) {
        fail(`${host}:${port} is not trusted: ${doubt}`);
        return;
      }
      settle();
      socket.removeAllListeners("close");
      resolve(socket);
    });
  });
}

function openTls(host: string, port: number, { tls }: DialOptions): TLSSocket {
  return connectTls({
    host,
    port,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls?.certificate === undefined ? {} : { cert: tls.certificate, key: tls.key }),
    minVersion: "TLSv1.2",
    // Looked at below, because only there is it known whether dates count.
    rejectUnauthorized: false,
  });
}

const DATE_ERRORS = ["CERT_NOT_YET_VALID", "CERT_HAS_EXPIRED"];

/** Why the other side is not to be trusted; undefined when it is. Never throws. */
function doubtAbout(socket: TLSSocket, host: string, options: DialOptions): string | undefined {
  try {
    return doubtOf(socket, host, options);
  } catch (fault) {
    // Anybody on the way can show a certificate whose key or dates cannot be read.
    return `its certificate cannot be checked (${reasonOf(fault)})`;
  }
}

function doubtOf(socket: TLSSocket, host: string, options: DialOptions): string | undefined {
  const peer = socket.getPeerCertificate(true);
  if (!peer.raw) return "it showed no certificate";
  const leaf = new X509Certificate(peer.raw);
  const named = isIP(host) === 0 ? leaf.checkHost(host) : leaf.checkIP(host);
  if (named === undefined) return "its certificate is for another name";
  if (socket.authorized) return undefined;
  const reason = String(socket.authorizationError);
  const datesOnly = DATE_ERRORS.some((code) => reason.includes(code));
  const { ca } = options.tls ?? {};
  if (!datesOnly || options.clockTrusted || ca === undefined) return reason;
  const authorities = certificatesIn(ca).map((pem) => new X509Certificate(pem));
  return authorities.some((authority) => issuedBy(peer, authority)) ? undefined : reason;
}

/** Signatures from the leaf up to the pinned authority, dates left aside. */
function issuedBy(leaf: DetailedPeerCertificate, authority: X509Certificate): boolean {
  let current = leaf;
  for (let depth = 0; depth < 8; depth++) {
    const certificate = new X509Certificate(current.raw);
    if (certificate.verify(authority.publicKey)) return true;
    const issuer = current.issuerCertificate;
    if (!issuer?.raw || issuer.raw.equals(current.raw)) return false;
    if (!certificate.verify(new X509Certificate(issuer.raw).publicKey)) return false;
    current = issuer;
  }
  return false;
}
