/**
 * The certificate that peers are served with, where TLS is on: the operator's files, looked at again
 * while the box runs because such files are renewed, or one that the box makes for itself once.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config.ts";
import {
  certificateOf,
  misconfigured,
  privateKeyOf,
  readConfigured,
  requirePair,
} from "../configured-pem.ts";
import type { Clock } from "../core/clock.ts";
import type { Hash } from "../core/encoding.ts";
import { exitCode, OperatorError, reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { every, type Part } from "../core/part.ts";
import { seconds } from "../core/units.ts";
import { writeDurably } from "../core/write-durably.ts";
import { certificateKey } from "../identity/certificate-key.ts";
import { type ServingCertificate, selfSignedCertificate } from "../identity/self-signed.ts";
import { OWN_CERTIFICATE } from "../settings.ts";

export interface BoxCertificate extends ServingCertificate {
  /** What births and tickets name. */
  readonly tlsKey: Hash;
}

export interface WatchOptions {
  /** Serves with it from now on; the old one stays when this throws. */
  readonly use: (certificate: BoxCertificate) => void;
  /** Called when `current` has another key than before. */
  readonly announce: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** Renewed files are noticed after this; they are small and in the page cache. */
const LOOK = seconds(30);

export class BoxTls {
  readonly #config: Config;
  #current: BoxCertificate;

  private constructor(config: Config) {
    this.#config = config;
    this.#current = isOwn(config) ? ownCertificate(config) : fromFiles(config);
  }

  /** undefined where TLS is off. Throws an OperatorError when what is configured cannot be used. */
  static open(config: Config): BoxTls | undefined {
    if (config["box.tls_certificate_file"] === "") {
      if (config["box.tls_key_file"] === "") return undefined;
      throw misconfigured(
        `box.tls_key_file is set, but box.tls_certificate_file is not: name both files, or neither to serve without TLS`,
      );
    }
    const plain = config["box.addresses"].find((address) => !/^https:/i.test(address));
    if (plain !== undefined)
      throw misconfigured(
        `box.addresses names ${plain}, but box.tls_certificate_file makes this box serve over TLS alone: write the address with https://`,
      );
    return new BoxTls(config);
  }

  get current(): BoxCertificate {
    return this.#current;
  }

  /**
   * Looks whether the files were replaced. While the new ones cannot be used the old certificate
   * stays, and the log says so once.
   */
  watch({ use, announce, clock, log }: WatchOptions): Part {
    const name = "certificate";
    const look = () => {
      if (isOwn(this.#config)) return;
      const now = fromFiles(this.#config);
      if (now.cert === this.#current.cert && now.key === this.#current.key) return;
      use(now);
      const rekeyed = now.tlsKey !== this.#current.tlsKey;
      this.#current = now;
      log.notice("certificate replaced", { tls_key: now.tlsKey });
      if (rekeyed) announce();
    };
    return { name, run: (signal) => every(LOOK, look, { clock, log, signal, name }) };
  }
}

const isOwn = (config: Config) => config["box.tls_certificate_file"] === OWN_CERTIFICATE;

function fromFiles(config: Config): BoxCertificate {
  const certificateFile = config["box.tls_certificate_file"];
  const keyFile = config["box.tls_key_file"];
  if (keyFile === "")
    throw misconfigured(
      `box.tls_certificate_file is set, but box.tls_key_file is not: name the certificate's key too, or set box.tls_certificate_file to "${OWN_CERTIFICATE}" for a certificate that the box makes itself`,
    );
  const files = {
    certificate: { file: certificateFile, setting: "box.tls_certificate_file" },
    key: { file: keyFile, setting: "box.tls_key_file" },
  };
  const cert = readConfigured(files.certificate);
  const key = readConfigured(files.key);
  const certificate = certificateOf(cert, files.certificate);
  requirePair(certificate, privateKeyOf(key, files.key), files);
  return { cert, key, tlsKey: certificateKey(certificate) };
}

/** Kept in one file, so that key and certificate always belong together. */
function ownCertificate(config: Config): BoxCertificate {
  if (config["box.tls_key_file"] !== "")
    throw misconfigured(
      `box.tls_key_file is set, but box.tls_certificate_file is "${OWN_CERTIFICATE}": leave the key out, or name the certificate's file`,
    );
  const file = join(config["box.state_dir"], "identity", "tls.pem");
  const kept = readOwn(file);
  if (kept) return kept;
  const made = selfSignedCertificate();
  try {
    writeDurably(file, `${made.key}${made.cert}`, 0o600);
  } catch (cause) {
    throw new OperatorError(
      exitCode.ioError,
      `cannot store the box's own certificate in ${file} (${reasonOf(cause)}): make the directory writable for spareband's user`,
      { cause },
    );
  }
  return { ...made, tlsKey: certificateKey(new X509Certificate(made.cert)) };
}

/** Nothing hangs on this key but open tickets, so one that is damaged is replaced. */
function readOwn(file: string): BoxCertificate | undefined {
  try {
    const text = readFileSync(file, "utf8");
    const at = text.indexOf("-----BEGIN CERTIFICATE-----");
    const [key, cert] = [text.slice(0, at), text.slice(at)];
    const certificate = new X509Certificate(cert);
    if (!certificate.checkPrivateKey(createPrivateKey(key))) return undefined;
    return { key, cert, tlsKey: certificateKey(certificate) };
  } catch {
    return undefined;
  }
}
