/** The fetcher against the real peer server: tickets, receipts, TLS, and a store that is filled. */
import { expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TicketRequest } from "../../agent/accounting/messages.ts";
import { toNowhere } from "../../agent/content/destination.ts";
import { fetchTitle, fillTitle } from "../../agent/content/fetch-title.ts";
import { sampleTitle } from "../../agent/content/sample-title.ts";
import { ContentStore } from "../../agent/content/store.ts";
import type { Hash } from "../../agent/core/encoding.ts";
import { silentLog } from "../../agent/core/log.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { milliseconds } from "../../agent/core/units.ts";
import { certificateKey } from "../../agent/identity/certificate-key.ts";
import { selfSignedCertificate } from "../../agent/identity/self-signed.ts";
import { asViewer, ticketFor, ticketSource } from "./scripted-box.ts";
import { ServingBox } from "./serving-box.ts";

const MIB = 1024 * 1024;
const never = new AbortController().signal;

test("every byte that three boxes gave is proven by a receipt in their journals", async () => {
  const title = sampleTitle([["film.mp4", 24 * MIB + 5]], { chunkSize: 256 * 1024 });
  const boxes = await Promise.all([1, 2, 3].map(() => ServingBox.start(title)));
  const tickets = ticketSource(boxes);
  const summary = await fetchTitle({ ...asViewer(title, tickets), destination: toNowhere }, never);
  await Promise.all(boxes.map((box) => box.kill()));
  expect(summary.end).toBe("complete");
  for (const box of boxes) {
    const gave = summary.boxes.find((each) => each.box === box.signer.publicKey)?.bytes;
    expect(box.provenBytes).toBe(gave ?? -1);
  }
});

test("a box fills its store from another box, as a viewer with its own key", async () => {
  const title = sampleTitle([["film.mp4", 5 * MIB]]);
  const first = await ServingBox.start(title);
  const directory = await mkdtemp(join(tmpdir(), "fill-"));
  {
    await using store = await ContentStore.open({
      directory,
      environment: "dev",
      clock: systemClock,
      log: silentLog,
    });
    const summary = await fillTitle({ ...asViewer(title, ticketSource([first])), store }, never);
    expect(summary).toMatchObject({ end: "complete" });
    expect(store.complete(title.sealed.hash)).toBe(true);
  }
  await first.kill();
  await rm(directory, { recursive: true });
});

const fixture = (name: string) =>
  readFileSync(new URL(`../fixtures/tls/${name}.pem`, import.meta.url), "utf8");

test("over TLS a box is known by the key in the ticket alone, beside boxes without TLS", async () => {
  const title = sampleTitle([["a", 8 * MIB]]);
  const own = selfSignedCertificate();
  const plain = await ServingBox.start(title);
  const secure = await ServingBox.start(title, { tls: own });
  // In the middle: it passes everything on, but has only a certificate of its own.
  const seen: string[] = [];
  const middle = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: { key: fixture("key"), cert: fixture("certificate") },
    fetch: (request) => {
      seen.push(request.url);
      return fetch(request.url.replace(/:\d+\//, `:${new URL(secure.address).port}/`), {
        headers: request.headers,
        tls: { rejectUnauthorized: false },
      });
    },
  });
  const at = (addresses: readonly string[], key?: Hash) => ({
    signer: secure.signer,
    grant: (request: TicketRequest) => ({
      addresses,
      ticket: ticketFor(secure.signer.publicKey, request, undefined, key),
    }),
  });
  const key = certificateKey(new X509Certificate(own.cert));
  const through = `https://127.0.0.1:${middle.port}`;
  const fetching = async (...boxes: Parameters<typeof ticketSource>[0]) => {
    const tickets = ticketSource(boxes);
    const patience = milliseconds(1_500);
    const summary = await fetchTitle(
      { ...asViewer(title, tickets), destination: toNowhere, patience },
      never,
    );
    const its = summary.boxes.find(({ box }) => box === secure.signer.publicKey);
    return { end: summary.end, bytes: its?.bytes, state: its?.state, asked: tickets.requests };
  };

  expect(await fetching(at([secure.address], key))).toMatchObject({ end: "complete" });
  // One address of two leads to the box itself.
  const both = await fetching(at([through, secure.address], key));
  expect(both).toMatchObject({ end: "complete", bytes: 8 * MIB });
  // Tickets for half of it, so that the viewer has to ask again and says whom it avoids.
  const sparing = {
    signer: plain.signer,
    grant: (request: TicketRequest) => ({
      addresses: [plain.address],
      ticket: ticketFor(plain.signer.publicKey, request, 4 * MIB),
    }),
  };
  const refused = await fetching(at([through], key), sparing);
  expect(refused).toMatchObject({ end: "complete", bytes: 0, state: "wrong-key" });
  expect(refused.asked.at(-1)?.avoid).toEqual([
    { box: secure.signer.publicKey, reason: "wrong-key" },
  ]);
  await expect(fetching(at([through], key))).rejects.toThrow("Nothing of");
  // Neither a ticket that names no key, nor one whose box is offered without TLS, will do.
  await expect(fetching(at([secure.address]))).rejects.toThrow("Nothing of");
  await expect(fetching(at([plain.address], key))).rejects.toThrow("Nothing of");
  expect(seen).toEqual([]);
  await Promise.all([plain.kill(), secure.kill(), middle.stop(true)]);
}, 30_000);

test("a certificate that an authority signed is known by its key as well", async () => {
  const title = sampleTitle([["a", MIB]]);
  const tls = { key: fixture("issued-key"), cert: fixture("issued") };
  const box = await ServingBox.start(title, { tls });
  const key = certificateKey(new X509Certificate(tls.cert));
  const grant = (request: TicketRequest) => ({
    addresses: [box.address],
    ticket: ticketFor(box.signer.publicKey, request, MIB, key),
  });
  const tickets = ticketSource([{ signer: box.signer, grant }]);
  const summary = await fetchTitle({ ...asViewer(title, tickets), destination: toNowhere }, never);
  expect(summary.end).toBe("complete");
  await box.kill();
});
