import type { X509Certificate } from "node:crypto";
import { type Hash, sha256 } from "../core/encoding.ts";

/** sha-256 of a certificate's SubjectPublicKeyInfo in DER: what births and tickets name it by. */
export function certificateKey({ publicKey }: X509Certificate): Hash {
  const spki = publicKey.export({ type: "spki", format: "der" });
  return sha256(spki);
}
