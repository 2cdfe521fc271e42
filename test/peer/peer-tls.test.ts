/** The peer server over TLS, and a certificate that is replaced while it serves. */
import { expect, test } from "bun:test";
import { tlsFor } from "../../agent/content/pinned-certificate.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { selfSignedCertificate } from "../../agent/identity/self-signed.ts";
import { authorization, PeerFixture } from "./peer-fixture.ts";

test("another certificate takes over at once, on the same port and with the same tickets; one that will not do changes nothing", async () => {
  const [first, second] = [selfSignedCertificate(), selfSignedCertificate()];
  await using peer = new PeerFixture({
    size: 1_000_000,
    clock: systemClock,
    server: { tls: first },
  });
  const headers = { authorization: authorization(peer.ticket(peer.viewer())) };
  const asks = async (cert: string) => {
    const answer = await fetch(peer.file, {
      headers: { ...headers, range: "bytes=0-999" },
      ...tlsFor(cert),
    });
    return [answer.status, (await answer.bytes()).length];
  };
  expect(await asks(first.cert)).toEqual([206, 1000]);
  await expect(asks(second.cert)).rejects.toThrow();
  peer.server.useCertificate(second);
  expect(await asks(second.cert)).toEqual([206, 1000]);
  await expect(asks(first.cert)).rejects.toThrow();
  expect(() => peer.server.useCertificate({ key: second.key, cert: "none" })).toThrow("Cannot");
  await Bun.sleep(200);
  expect(await asks(second.cert)).toEqual([206, 1000]);
});
