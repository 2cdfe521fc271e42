/** The fetcher against the real peer server: tickets, receipts, TLS, and a store that is filled. */
import { expect, test } from "bun:test";
import { createHash, X509Certificate } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TicketRequest } from "../../agent/accounting/messages.ts";
import { toNowhere } from "../../agent/content/destination.ts";
import { fetchTitle, fillTitle } from "../../agent/content/fetch-title.ts";
import { type SampleTitle, sampleTitle } from "../../agent/content/sample-title.ts";
import { ContentStore } from "../../agent/content/store.ts";
import type { Hash } from "../../agent/core/encoding.ts";
import { silentLog } from "../../agent/core/log.ts";
import { systemRandom } from "../../agent/core/random.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { milliseconds } from "../../agent/core/units.ts";
import { createSigner } from "../../agent/identity/ed25519.ts";
import { ticketFor, ticketSource } from "./scripted-box.ts";
import { ServingBox } from "./serving-box.ts";

const MIB = 1024 * 1024;
const never = new AbortController().signal;

const viewer = (title: SampleTitle, tickets: ReturnType<typeof ticketSource>) => ({
  title: title.sealed,
  tickets,
  signer: createSigner(systemRandom.bytes(32)),
  environment: "dev" as const,
  clock: systemClock,
  random: systemRandom,
  log: silentLog,
});

test("every byte that three boxes gave is proven by a receipt in their journals", async () => {
  const title = sampleTitle([["film.mp4", 24 * MIB + 5]], { chunkSize: 256 * 1024 });
  const boxes = await Promise.all([1, 2, 3].map(() => ServingBox.start(title)));
  const tickets = ticketSource(boxes);
  const summary = await fetchTitle({ ...viewer(title, tickets), destination: toNowhere }, never);
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
    const summary = await fillTitle({ ...viewer(title, ticketSource([first])), store }, never);
    expect(summary).toMatchObject({ end: "complete" });
    expect(store.complete(title.sealed.hash)).toBe(true);
  }
  await first.kill();
  await rm(directory, { recursive: true });
});

const openssl = Bun.which("openssl");

test.skipIf(openssl === null)(
  `over TLS the box is known by the key in the ticket, and by nothing else${openssl ? "" : " (skipped: openssl is not installed)"}`,
  async () => {
    const directory = await mkdtemp(join(tmpdir(), "tls-"));
    const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
    const made = Bun.spawnSync([
      ...["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
      ...["-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=box"],
    ]);
    expect(made.exitCode).toBe(0);
    const tls = { key: await Bun.file(key).text(), cert: await Bun.file(cert).text() };
    await rm(directory, { recursive: true });
    const spki = new X509Certificate(tls.cert).publicKey.export({ type: "spki", format: "der" });
    const tlsKey = createHash("sha256").update(spki).digest("hex") as Hash;
    const title = sampleTitle([["a", MIB]]);
    const box = await ServingBox.start(title, { tls });
    const naming = (hash: Hash | undefined) => ({
      signer: box.signer,
      grant: (request: TicketRequest) => ({
        addresses: [box.address],
        ticket: ticketFor(box.signer.publicKey, request, MIB, hash),
      }),
    });
    const fetching = (hash: Hash | undefined) =>
      fetchTitle(
        {
          ...viewer(title, ticketSource([naming(hash)])),
          destination: toNowhere,
          patience: milliseconds(1_500),
        },
        never,
      );
    expect((await fetching(tlsKey)).end).toBe("complete");
    await expect(fetching("0".repeat(64) as Hash)).rejects.toThrow("Nothing of");
    await expect(fetching(undefined)).rejects.toThrow("Nothing of");
    await box.kill();
  },
  20_000,
);
