import { expect, test } from "bun:test";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { certificateKey } from "./certificate-key.ts";
import { selfSignedCertificate } from "./self-signed.ts";

test("is a certificate by its own key, without an end, whatever the clock says", () => {
  const { cert, key } = selfSignedCertificate();
  const certificate = new X509Certificate(cert);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(certificate.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: "prime256v1" });
  expect(certificate.subjectAltName).toBe("DNS:box.invalid");
  expect(certificate.validFrom).toBe("Jan  1 00:00:00 1970 GMT");
  expect(certificate.validTo).toBe("Dec 31 23:59:59 9999 GMT");
});

test("no two have one key", () => {
  const keys = [selfSignedCertificate(), selfSignedCertificate()].map(({ cert }) =>
    certificateKey(new X509Certificate(cert)),
  );
  expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(keys[0]).not.toBe(keys[1]);
});
