/**
 * A box as the fetcher meets it on the network, with a line of a given speed and the faults a test
 * asks for. It checks tickets and receipts as a real one does and remembers the best receipt.
 */
import { open, seal } from "../../agent/accounting/envelope.ts";
import type { Sealed, TicketRequest } from "../../agent/accounting/messages.ts";
import type { Grant, Grants } from "../../agent/content/coordinator-client.ts";
import type { SampleTitle } from "../../agent/content/sample-title.ts";
import {
  fromBase64Url,
  type Hash,
  type Id,
  type PublicKey,
  toHex,
} from "../../agent/core/encoding.ts";
import { silentLog } from "../../agent/core/log.ts";
import { systemRandom } from "../../agent/core/random.ts";
import { systemClock } from "../../agent/core/system-clock.ts";
import { bytes, unixSeconds } from "../../agent/core/units.ts";
import { createSigner, type Signer } from "../../agent/identity/ed25519.ts";

export const coordinatorKey = createSigner(new Uint8Array(32).fill(1));
const MIB = 1024 * 1024;

export interface BoxScript {
  /** Bits per second of its line; unlimited when absent. */
  readonly rate?: number;
  /** Chance of one wrong byte in an answer. */
  readonly garbles?: number;
  /** Files it holds; all when absent. */
  readonly files?: ReadonlySet<string>;
  /** Accepts the request and then says nothing. */
  readonly mute?: boolean;
  /** Gives so many bytes of what was asked, and says so. */
  readonly gives?: number;
  /** Answers 503 to so many first requests. */
  readonly busyFirst?: number;
  /** Bytes past the last receipt after which it answers 402. */
  readonly window?: number;
  readonly maxBytes?: number;
}

export class ScriptedBox implements Grantor {
  readonly signer = createSigner(systemRandom.bytes(32));
  readonly title: SampleTitle;
  script: BoxScript;
  requests = 0;
  sentBytes = 0;
  receipts = 0;
  /** By ticket: the best receipt, and what was sent. */
  readonly #proven = new Map<Hash, number>();
  readonly #sent = new Map<Hash, number>();
  readonly connections = new Set<number>();
  readonly #server: ReturnType<typeof Bun.serve>;
  #lineFreeAt = 0;

  constructor(title: SampleTitle, script: BoxScript = {}) {
    this.title = title;
    this.script = script;
    this.#server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      idleTimeout: 60,
      fetch: (request, server) => {
        const peer = server.requestIP(request);
        if (peer) this.connections.add(peer.port);
        return this.#answer(request);
      },
    });
  }

  /** Bytes that receipts prove, over all tickets. */
  get provenBytes(): number {
    return [...this.#proven.values()].reduce((sum, amount) => sum + amount, 0);
  }

  get address(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  /** As a power cut: connections end in the middle of answers. */
  async kill(): Promise<void> {
    await this.#server.stop(true);
  }

  grant(request: TicketRequest): Grant {
    const ticket = ticketFor(this.signer.publicKey, request, this.script.maxBytes);
    return { addresses: [this.address], ticket };
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const ticket = this.#ticket(request);
    if (url.pathname === "/v1/receipts") {
      const { receipt } = (await request.json()) as { receipt: string };
      this.#note(receipt);
      return new Response(null, { status: 204 });
    }
    this.requests++;
    if (!ticket) return new Response(null, { status: 401 });
    this.#note(request.headers.get("spareband-receipt"), ticket);
    if (this.requests <= (this.script.busyFirst ?? 0))
      return new Response(null, { status: 503, headers: { "retry-after": "0" } });
    const path = decodeURIComponent(url.pathname.split("/files/")[1] ?? "");
    const { files } = this.title.sealed.body;
    const index = files.findIndex((file) => file.path === path);
    const content = this.title.content[index];
    if (!content || this.script.files?.has(path) === false)
      return new Response(null, { status: 404 });
    const sent = this.#sent.get(ticket.hash) ?? 0;
    if (sent - (this.#proven.get(ticket.hash) ?? 0) >= (this.script.window ?? 2 * MIB))
      return new Response(null, { status: 402 });
    const [, from = "0", to = ""] =
      /bytes=(\d+)-(\d*)/.exec(request.headers.get("range") ?? "") ?? [];
    const start = Number(from);
    const asked = to === "" ? content.length : Number(to) + 1;
    const end = Math.min(asked, start + (this.script.gives ?? content.length));
    const body = content.slice(start, end);
    this.sentBytes += body.length;
    this.#sent.set(ticket.hash, sent + body.length);
    if (Math.random() < (this.script.garbles ?? 0))
      flipBit(body, Math.floor(Math.random() * body.length));
    return new Response(this.#body(body, request.signal), {
      status: 206,
      headers: { "content-range": `bytes ${start}-${end - 1}/${content.length}` },
    });
  }

  #body(data: Uint8Array<ArrayBuffer>, gone: AbortSignal) {
    const { rate, mute } = this.script;
    if (mute) return new ReadableStream({ pull: () => new Promise<void>(() => {}) });
    if (rate === undefined) return data;
    // One line for all connections: each piece waits for its turn.
    const piece = Math.max(2048, Math.floor(rate / 8 / 100));
    let at = 0;
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        if (at >= data.length || gone.aborted) return controller.close();
        const part = data.subarray(at, at + piece);
        at += part.length;
        const now = performance.now();
        const start = Math.max(now, this.#lineFreeAt);
        this.#lineFreeAt = start + (part.length * 8000) / rate;
        await Bun.sleep(Math.max(0, this.#lineFreeAt - now));
        controller.enqueue(part);
      },
    });
  }

  #ticket(request: Request): Sealed<"ticket"> | undefined {
    const text = request.headers.get("authorization")?.replace("Spareband ", "") ?? "";
    const data = fromBase64Url(text);
    const opened =
      data && open("ticket", data, { environment: "dev", signer: coordinatorKey.publicKey });
    return opened?.ok && opened.message.body.box === this.signer.publicKey
      ? opened.message
      : undefined;
  }

  #note(text: string | null, ticket?: Sealed<"ticket">): void {
    if (ticket) this.#viewer = ticket.body.viewer;
    if (!text) return;
    const data = fromBase64Url(text);
    const signer = this.#viewer;
    const opened = data && signer && open("receipt", data, { environment: "dev", signer });
    if (!opened?.ok) throw new Error("the viewer sent a receipt that is none");
    const { ticket: of, bytes: proven } = opened.message.body;
    this.receipts++;
    this.#proven.set(of, Math.max(this.#proven.get(of) ?? 0, proven));
  }

  #viewer: TicketRequest["viewer"] | undefined;
}

/** A ticket of the test's coordinator. */
export function ticketFor(
  box: PublicKey,
  request: TicketRequest,
  maxBytes = 256 * MIB,
  tlsKey?: Hash,
) {
  const now = Math.floor(Date.now() / 1000);
  const ticket = {
    id: toHex(systemRandom.bytes(16)) as Id,
    box,
    viewer: request.viewer,
    title: request.title,
    split: "5".repeat(64) as Hash,
    priceList: 1,
    maxBytes: bytes(maxBytes),
    notBefore: unixSeconds(now),
    startBy: unixSeconds(now + 600),
    expires: unixSeconds(now + 7200),
    settleBy: unixSeconds(now + 86_400),
    ...(tlsKey && { tlsKey }),
  };
  return seal("ticket", ticket, coordinatorKey, "dev");
}

const flipBit = (data: Uint8Array, at: number) => {
  data[at] = (data[at] ?? 0) ^ 0x40;
};

/** Anything that serves and can be given a ticket for. */
export interface Grantor {
  readonly signer: Signer;
  grant(request: TicketRequest): Grant;
}

/** Grants for these boxes, as a coordinator that has placed the title on them. */
export function ticketSource(boxes: readonly Grantor[], origin?: Grantor) {
  const requests: TicketRequest[] = [];
  return {
    requests,
    tickets: async (request: Sealed<"ticket-request">): Promise<Grants> => {
      requests.push(request.body);
      const avoided = new Set(request.body.avoid.map(({ box }) => box));
      const usable = boxes.filter((box) => !avoided.has(box.signer.publicKey));
      return {
        boxes: usable.slice(0, request.body.boxes).map((box) => box.grant(request.body)),
        origin: origin?.grant(request.body),
      };
    },
  };
}

/** What a fetch of the title by some viewer needs, with the real clock and a key of its own. */
export const asViewer = (title: SampleTitle, tickets: ReturnType<typeof ticketSource>) => ({
  title: title.sealed,
  tickets,
  signer: createSigner(systemRandom.bytes(32)),
  environment: "dev" as const,
  clock: systemClock,
  random: systemRandom,
  log: silentLog,
});
