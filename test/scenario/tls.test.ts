/** A fleet of which one box serves over TLS, the viewer, and somebody in the middle. */
import { afterAll, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Box, openBox } from "../../agent/box.ts";
import { loadConfig } from "../../agent/config.ts";
import type { Grants } from "../../agent/content/coordinator-client.ts";
import { toNowhere } from "../../agent/content/destination.ts";
import { fetchTitle } from "../../agent/content/fetch-title.ts";
import type { TicketSource } from "../../agent/content/ticket-desk.ts";
import type { Hash, PublicKey } from "../../agent/core/encoding.ts";
import { silentLog } from "../../agent/core/log.ts";
import { runAll } from "../../agent/core/part.ts";
import { systemRandom } from "../../agent/core/random.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { type Chain, until, withChain } from "../../agent/dev/chain.ts";
import { certificateKey } from "../../agent/identity/certificate-key.ts";
import { createSigner } from "../../agent/identity/ed25519.ts";
import { selfSignedCertificate } from "../../agent/identity/self-signed.ts";
import { openDelayProbe, openPeerSockets } from "../../hardware/linux/line-access.ts";
import { createSimulatedDevice } from "../../hardware/simulated/device.ts";

const directory = mkdtempSync(join(tmpdir(), "spareband-tls-"));
afterAll(() => rmSync(directory, { recursive: true }));
const MEADOW = join(import.meta.dir, "../fixtures/titles/meadow");
const base = { clock: systemClock, random: systemRandom, log: silentLog };

test("boxes with and without TLS serve one viewer; who stands in the middle gets nothing; a new certificate is announced", async () => {
  const stop = new AbortController();
  await withChain(
    { ...base, directory, titleFolder: MEADOW, tell: () => undefined },
    stop.signal,
    async (chain, signal) => {
      const { hash } = chain.title.manifest;
      const { boxes } = chain.daemon.coordinator.store;
      const holders = () => boxes.holders(hash, 0 as never, false);
      const full = () => holders().filter(({ permille }) => permille === 1000).length;
      await until("not every box holds the title", () => full() >= 4, systemClock, signal);
      // Not before: it would take a place in which nothing is ever filled.
      const renewing = await renewedBox(chain, signal);
      const tlsKeys = holders().map(({ tls_key }) => tls_key !== null);
      expect(tlsKeys.sort()).toEqual([false, false, false, true]);

      const lounge = chain.fleet.find(({ name }) => name === "lounge")?.box.id as PublicKey;
      const direct = await view(chain, lounge, (grants) => grants, signal);
      expect(direct).toMatchObject({ end: "complete", state: "in-use" });
      expect(direct.addresses).toEqual([expect.stringMatching(/^https:/)]);
      expect(direct.bytes).toBeGreaterThan(0);

      const middle = inTheMiddle(direct.addresses[0] ?? "");
      const led = await view(chain, lounge, redirect(lounge, middle.url), signal);
      middle.stop();
      expect(led).toMatchObject({ end: "complete", state: "wrong-key", bytes: 0 });
      expect(middle.requests()).toBe(0);

      const known = () => boxes.get(renewing.id)?.tls_key;
      await until("no new birth came", () => known() !== renewing.before, systemClock, signal);
      expect(known()).toBe(renewing.after);
      await renewing.end();
    },
  );
}, 180_000);

/** What a viewer gets, and how it went with one box. */
async function view(
  { client, title }: Chain,
  box: PublicKey,
  change: (grants: Grants) => Grants,
  signal: AbortSignal,
) {
  let addresses: readonly string[] = [];
  const tickets: TicketSource = {
    tickets: async (request, asking) => {
      const grants = change(await client.tickets(request, asking));
      addresses =
        grants.boxes.find(({ ticket }) => ticket.body.box === box)?.addresses ?? addresses;
      return grants;
    },
  };
  const signer = createSigner(systemRandom.bytes(32));
  const summary = await fetchTitle(
    {
      ...base,
      title: title.manifest,
      tickets,
      signer,
      environment: "dev",
      destination: toNowhere,
    },
    signal,
  );
  const its = summary.boxes.find((each) => each.box === box);
  return { end: summary.end, bytes: its?.bytes, state: its?.state, addresses };
}

/** Leads the viewer elsewhere, as somebody on the way to one box could; the origin is there still. */
const redirect = (box: PublicKey, url: string) => (grants: Grants) => ({
  ...grants,
  boxes: grants.boxes
    .filter(({ ticket }) => ticket.body.box === box)
    .map((grant) => ({ ...grant, addresses: [url] })),
});

/** Passes everything on to the box, with a certificate of its own. */
function inTheMiddle(target: string) {
  let requests = 0;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: selfSignedCertificate(),
    fetch: ({ url, headers }) => {
      requests++;
      const { pathname } = new URL(url);
      return fetch(`${target}${pathname}`, { headers, tls: { rejectUnauthorized: false } });
    },
  });
  return {
    url: `https://127.0.0.1:${server.port}`,
    requests: () => requests,
    stop: () => server.stop(true),
  };
}

/** A fifth box with an operator's certificate, whose files are replaced once it is known. */
async function renewedBox({ daemon, client }: Chain, signal: AbortSignal) {
  const [cert, key] = [join(directory, "box.crt"), join(directory, "box.key")];
  const put = (pair: ReturnType<typeof selfSignedCertificate>) => {
    writeFileSync(key, pair.key);
    writeFileSync(cert, pair.cert);
  };
  put(selfSignedCertificate());
  const { publicKey } = await client.info(signal);
  const info = (await (await fetch(`${daemon.coordinator.url}/v1/info`)).json()) as {
    mqtt: string;
  };
  const box = await open(
    {
      environment: "dev",
      "box.state_dir": join(directory, "renewing"),
      "box.listen": "127.0.0.1:0",
      "box.tls_certificate_file": cert,
      "box.tls_key_file": key,
      "status.listen": "127.0.0.1:0",
      "coordinator.url": daemon.coordinator.url,
      "mqtt.url": info.mqtt,
    },
    publicKey,
  );
  const stop = new AbortController();
  const running = runAll(box.parts, AbortSignal.any([signal, stop.signal]));
  const id = box.id as PublicKey;
  const known = () => daemon.coordinator.store.boxes.get(id)?.tls_key;
  await until("the box did not announce itself", () => !!known(), systemClock, signal);
  const before = known() as Hash;
  const renewed = selfSignedCertificate();
  put(renewed);
  return {
    id,
    before,
    after: certificateKey(new X509Certificate(renewed.cert)),
    async end() {
      stop.abort();
      await running;
      await box[Symbol.asyncDispose]();
    },
  };
}

function open(flags: Readonly<Record<string, string>>, coordinator: PublicKey): Promise<Box> {
  const { config } = loadConfig({ environment: {}, lastGood: {}, flags });
  return openBox({
    ...base,
    config,
    device: createSimulatedDevice({ clock: systemClock }),
    createSockets: (ports) => openPeerSockets({ clock: systemClock, ports }),
    probe: openDelayProbe(base),
    clockQuality: () => "synchronised",
    fingerprint: undefined,
    pinnedCoordinator: coordinator,
  });
}
