/** The real thing in one process: a content store with a title in it behind the real peer server. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TicketRequest } from "../../agent/accounting/messages.ts";
import { everyChunk } from "../../agent/content/chunks.ts";
import type { Grant } from "../../agent/content/coordinator-client.ts";
import { metalink } from "../../agent/content/metalink.ts";
import { chunkOf, type SampleTitle } from "../../agent/content/sample-title.ts";
import { ContentStore } from "../../agent/content/store.ts";
import { silentLog } from "../../agent/core/log.ts";
import { systemRandom } from "../../agent/core/random.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { createSigner } from "../../agent/identity/ed25519.ts";
import { createPeerServer, type PeerServerOptions } from "../../agent/peer/peer-server.ts";
import { MemoryJournal, wideOpen } from "../peer/peer-fixture.ts";
import { coordinatorKey, type Grantor, ticketFor } from "./scripted-box.ts";

export class ServingBox implements Grantor {
  readonly signer = createSigner(systemRandom.bytes(32));
  readonly journal = new MemoryJournal();
  readonly store: ContentStore;
  readonly #directory: string;
  readonly #scheme: "http" | "https";
  readonly #server: ReturnType<typeof createPeerServer>;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  private constructor(
    directory: string,
    store: ContentStore,
    title: SampleTitle,
    options: Partial<PeerServerOptions>,
  ) {
    this.#directory = directory;
    this.#scheme = options.tls ? "https" : "http";
    this.store = store;
    this.#server = createPeerServer({
      host: "127.0.0.1",
      port: 0,
      box: this.signer.publicKey,
      environment: "dev",
      issuers: () => new Set([coordinatorKey.publicKey]),
      content: store,
      journal: this.journal,
      verdict: { current: wideOpen },
      clock: systemClock,
      clockQuality: () => "synchronised",
      log: silentLog,
      metalink: (asked) =>
        asked === title.sealed.hash && title.sealed.body.delivery === "open"
          ? metalink(title.sealed, [this.address])
          : undefined,
      ...options,
    });
    this.#running = this.#server.run(this.#stop.signal);
  }

  static async start(title: SampleTitle, options: Partial<PeerServerOptions> = {}) {
    const directory = await mkdtemp(join(tmpdir(), "serving-box-"));
    const store = await ContentStore.open({
      directory,
      environment: "dev",
      clock: systemClock,
      log: silentLog,
    });
    await store.addManifest(title.sealed);
    for (const ref of everyChunk(title.sealed.body))
      await store.putChunkAt(title.sealed.hash, ref, chunkOf(title, ref.file, ref.chunk));
    return new ServingBox(directory, store, title, options);
  }

  get address(): string {
    return `${this.#scheme}://127.0.0.1:${this.#server.port}`;
  }

  grant(request: TicketRequest): Grant {
    return {
      addresses: [this.address],
      ticket: ticketFor(this.signer.publicKey, request),
    };
  }

  /** Bytes that receipts prove, over all tickets. */
  get provenBytes(): number {
    return [...this.journal.noted.values()].reduce(
      (sum, session) => sum + (session.receipt?.body.bytes ?? 0),
      0,
    );
  }

  async kill(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.store[Symbol.asyncDispose]();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
