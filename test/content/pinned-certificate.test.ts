/** What a viewer's `fetch` makes of a pinned certificate. */
import { afterEach, expect, test } from "bun:test";
import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { pinCertificate, tlsFor } from "../../agent/content/pinned-certificate.ts";
import type { Hash } from "../../agent/core/encoding.ts";
import { selfSignedCertificate } from "../../agent/identity/self-signed.ts";

const fixture = (name: string) =>
  readFileSync(new URL(`../fixtures/tls/${name}.pem`, import.meta.url), "utf8");

const servers: { stop(now: boolean): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.stop(true);
});

function serve(tls: { readonly key: string; readonly cert: string }) {
  const ports = new Set<number | undefined>();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls,
    fetch: (request, own) => {
      ports.add(own.requestIP(request)?.port);
      return new Response("here");
    },
  });
  servers.push(server);
  return { url: `https://127.0.0.1:${server.port}`, ports };
}

const ask = async (url: string, certificate: string) =>
  (await fetch(url, tlsFor(certificate))).text();

test("requests share a connection, and nobody else's certificate gets onto it", async () => {
  const own = selfSignedCertificate();
  const { url, ports } = serve(own);
  for (let times = 0; times < 5; times++) expect(await ask(url, own.cert)).toBe("here");
  expect(ports.size).toBe(1);
  await expect(ask(url, selfSignedCertificate().cert)).rejects.toThrow();
  expect(await ask(url, own.cert)).toBe("here");
});

test.each([
  ["without names", "certificate", "key"],
  ["by an authority that nobody knows", "issued", "issued-key"],
  ["by an authority, for all names below one", "wildcard", "issued-key"],
])("a certificate %s is as good", async (_, cert, key) => {
  const { url } = serve({ key: fixture(key), cert: fixture(cert) });
  const certificate = new X509Certificate(fixture(cert));
  const spki = certificate.publicKey.export({ type: "spki", format: "der" });
  const hash = createHash("sha256").update(spki).digest("hex") as Hash;
  const pinned = await pinCertificate(url, hash, AbortSignal.timeout(5_000));
  if (!pinned.ok) throw new Error(pinned.reason);
  expect(await ask(url, pinned.certificate)).toBe("here");
});

test("says whether somebody else answers, or nobody", async () => {
  const { url } = serve(selfSignedCertificate());
  const key = "0".repeat(64) as Hash;
  const pin = (address: string, signal = AbortSignal.timeout(5_000)) =>
    pinCertificate(address, key, signal);
  expect(await pin(url)).toMatchObject({ ok: false, foreign: true });
  const plain = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  servers.push(plain);
  expect(await pin(`https://127.0.0.1:${plain.port}`)).toMatchObject({ ok: false, foreign: false });
  expect(await pin("https://127.0.0.1:9")).toMatchObject({ ok: false, foreign: false });
  expect(await pin(url, AbortSignal.abort())).toMatchObject({ ok: false, foreign: false });
});
