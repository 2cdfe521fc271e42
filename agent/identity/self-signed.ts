/**
 * A box's own certificate, for TLS between peers. Nobody reads more of it than the key, which births
 * and tickets name; so it is the smallest one that TLS libraries take, in DER of one fixed shape.
 */
import { generateKeyPairSync, sign } from "node:crypto";

export interface ServingCertificate {
  /** PEM, both; `cert` is followed by its chain where there is one. */
  readonly key: string;
  readonly cert: string;
}

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
const SET = 0x31;
const OCTET_STRING = 0x04;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
/** In a SubjectAltName (RFC 5280 §4.2.1.6). */
const DNS_NAME = 0x82;

const ECDSA_WITH_SHA256 = Buffer.from("06082a8648ce3d040302", "hex");
const COMMON_NAME = Buffer.from("0603550403", "hex");
const SUBJECT_ALT_NAME = Buffer.from("0603551d11", "hex");
/** TLS clients want a name; this one can be nobody's (RFC 6761 §6.4), and tells an onlooker nothing. */
const NAME = Buffer.from("box.invalid");

/** A new P-256 key, which every TLS client knows, and a certificate for it (RFC 5280 §4.1). */
export function selfSignedCertificate(): ServingCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = publicKey.export({ type: "spki", format: "der" });
  const algorithm = der(SEQUENCE, ECDSA_WITH_SHA256);
  const commonName = der(SEQUENCE, COMMON_NAME, der(UTF8_STRING, NAME));
  const name = der(SEQUENCE, der(SET, commonName));
  const alternatives = der(OCTET_STRING, der(SEQUENCE, der(DNS_NAME, NAME)));
  const body = der(
    SEQUENCE,
    der(VERSION, der(INTEGER, Buffer.from([2]))),
    der(INTEGER, Buffer.from([1])),
    algorithm,
    name,
    der(SEQUENCE, ...always),
    name,
    spki,
    der(EXTENSIONS, der(SEQUENCE, der(SEQUENCE, SUBJECT_ALT_NAME, alternatives))),
  );
  const signature = sign("sha256", body, privateKey);
  const certificate = der(SEQUENCE, body, algorithm, der(BIT_STRING, Buffer.from([0]), signature));
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: pem(certificate),
  };
}

/** No clock can be trusted at a first boot; "99991231235959Z" means no end (RFC 5280 §4.1.2.5). */
const always = [
  der(UTC_TIME, Buffer.from("700101000000Z")),
  der(GENERALIZED_TIME, Buffer.from("99991231235959Z")),
];

function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content.length)]), content]);
}

/** Nothing here is longer than 65 535 bytes. */
function lengthOf(size: number): readonly number[] {
  if (size < 0x80) return [size];
  return size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
}

function pem(data: Uint8Array): string {
  const lines =
    Buffer.from(data)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
