/** A peer server over one file on disk, with keys of its own, for tests and benchmarks. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seal } from "../../agent/accounting/envelope.ts";
import type { Sealed, Ticket, TitleManifest } from "../../agent/accounting/messages.ts";
import type { ContentFile, ContentSource } from "../../agent/content/content-source.ts";
import type { Clock } from "../../agent/core/clock.ts";
import { type Hash, type Id, sha256, toBase64Url, toHex } from "../../agent/core/encoding.ts";
import { silentLog } from "../../agent/core/log.ts";
import type { Random } from "../../agent/core/random.ts";
import { seededRandom } from "../../agent/core/random.ts";
import {
  bitsPerSecond,
  bytes,
  mebibytes,
  milliseconds,
  toUnixSeconds,
  unixSeconds,
} from "../../agent/core/units.ts";
import type { Verdict } from "../../agent/governor/verdict.ts";
import { createSigner, type Signer } from "../../agent/identity/ed25519.ts";
import type {
  RestoredSession,
  SessionJournal,
  SessionSnapshot,
  ViewerStanding,
} from "../../agent/journal/session-journal.ts";
import { createPeerServer, type PeerServerOptions } from "../../agent/peer/peer-server.ts";

export const title = "ab".repeat(32) as Hash;
const split = "cd".repeat(32) as Hash;

export class MemoryJournal implements SessionJournal {
  readonly closed: { snapshot: SessionSnapshot; reason: string }[] = [];
  readonly noted = new Map<Hash, SessionSnapshot>();
  readonly viewers = new Map<string, ViewerStanding>();
  admission: ReturnType<SessionJournal["admits"]> = { ok: true };

  viewer(key: string) {
    return this.viewers.get(key);
  }

  noteViewer(key: string, standing: ViewerStanding) {
    this.viewers.set(key, standing);
  }

  admits() {
    return this.admission;
  }

  restore(ticket: Hash): RestoredSession | undefined {
    const known = this.noted.get(ticket);
    const receipt = known?.receipt?.body;
    return (
      known && {
        wireBytes: known.wireBytes,
        proven: receipt?.bytes ?? bytes(0),
        receiptSequence: receipt?.sequence ?? 0,
      }
    );
  }

  note(snapshot: SessionSnapshot) {
    this.noted.set(snapshot.ticket.hash, snapshot);
  }

  close(snapshot: SessionSnapshot, reason: string) {
    this.note(snapshot);
    this.closed.push({ snapshot, reason });
  }
}

export interface FixtureOptions {
  readonly size: number;
  readonly clock: Clock;
  readonly delivery?: "open" | "receipted";
  readonly verdict?: Verdict;
  readonly server?: Partial<PeerServerOptions>;
  readonly random?: Random;
  /** Bytes of the file that are held at first; `PeerFixture.hold` adds to them. */
  readonly held?: number;
}

export const wideOpen: Verdict = {
  state: "sharing",
  rate: bitsPerSecond(10e9),
  maxStreams: 512,
  reason: "line-idle",
};

/** Everything a test needs to be coordinator, viewer and box at once. */
export class PeerFixture implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), "spareband-peer-"));
  readonly content: Buffer;
  readonly coordinator: Signer;
  readonly box: Signer;
  readonly journal = new MemoryJournal();
  readonly server;
  readonly base: string;
  readonly file: string;
  verdict: Verdict;
  readonly #diskPath: string;
  #held = 0;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #random: Random;
  readonly #clock: Clock;

  constructor(options: FixtureOptions) {
    this.#random = options.random ?? seededRandom(1);
    this.#clock = options.clock;
    this.coordinator = createSigner(this.#random.bytes(32));
    this.box = createSigner(this.#random.bytes(32));
    this.verdict = options.verdict ?? wideOpen;
    const diskPath = join(this.directory, "0");
    this.content = pattern(options.size);
    this.#diskPath = diskPath;
    this.hold(options.held ?? options.size);
    this.server = createPeerServer({
      host: "127.0.0.1",
      port: 0,
      box: this.box.publicKey,
      environment: "dev",
      issuers: () => new Set([this.coordinator.publicKey]),
      content: oneFile(diskPath, options, () => this.#held),
      journal: this.journal,
      verdict: { current: this.verdict },
      clock: options.clock,
      clockQuality: () => "synchronised",
      log: silentLog,
      ...options.server,
      ...(options.server?.verdict ? {} : { verdict: this.#verdictSource() }),
    });
    this.base = `${options.server?.tls ? "https" : "http"}://127.0.0.1:${this.server.port}`;
    this.file = `${this.base}/v1/titles/${title}/files/video.mp4`;
    this.#running = this.server.run(this.#stop.signal);
  }

  #verdictSource() {
    const current = () => this.verdict;
    return {
      get current() {
        return current();
      },
    };
  }

  /** The first so many bytes have come from another box. */
  hold(amount: number): void {
    writeFileSync(this.#diskPath, this.content.subarray(0, amount));
    this.#held = amount;
  }

  viewer(): Signer {
    return createSigner(this.#random.bytes(32));
  }

  ticket(
    viewer: Signer,
    change: Partial<Ticket> = {},
    signer = this.coordinator,
  ): Sealed<"ticket"> {
    const now = toUnixSeconds(this.#clock.wallMs());
    const body: Ticket = {
      id: toHex(this.#random.bytes(16)) as Id,
      box: this.box.publicKey,
      viewer: viewer.publicKey,
      title,
      split,
      priceList: 1,
      maxBytes: mebibytes(256),
      notBefore: now,
      startBy: unixSeconds(now + 600),
      expires: unixSeconds(now + 7200),
      settleBy: unixSeconds(now + 30 * 86_400),
      ...change,
    };
    return seal("ticket", body, signer, "dev");
  }

  receipt(viewer: Signer, ticket: Sealed<"ticket">, amount: number, sequence = 1) {
    const body = { ticket: ticket.hash, sequence, bytes: bytes(amount), elapsed: milliseconds(0) };
    return toBase64Url(seal("receipt", body, viewer, "dev").bytes);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.directory, { recursive: true });
  }
}

export const authorization = (ticket: Sealed<"ticket">) => `Spareband ${toBase64Url(ticket.bytes)}`;

/** Each 4 bytes are their own position, so that a misplaced range shows. */
function pattern(size: number): Buffer {
  const words = new Uint32Array(Math.ceil(size / 4)).map((_, index) => index);
  return Buffer.from(words.buffer, 0, size);
}

function oneFile(diskPath: string, options: FixtureOptions, held: () => number): ContentSource {
  const { size, delivery = "receipted" } = options;
  const chunkSize = mebibytes(1);
  const manifest: TitleManifest = {
    creator: "0".repeat(64) as TitleManifest["creator"],
    slug: "test",
    name: "Test",
    kind: "video",
    delivery,
    chunkSize,
    files: [{ path: "video.mp4", size: bytes(size), mediaType: "video/mp4", chunks: [] }],
    split,
    createdAt: unixSeconds(0),
  };
  const file: ContentFile = {
    diskPath,
    size: bytes(size),
    mediaType: "video/mp4",
    etag: `"${sha256(Buffer.from(diskPath)).slice(0, 16)}"`,
    manifest,
    fileIndex: 0,
    holds: (_, end) => end <= held(),
  };
  return {
    open: (asked, path) => (asked === title && path === "video.mp4" ? file : undefined),
    touch: () => {},
  };
}
