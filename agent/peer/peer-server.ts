/**
 * Serves verified content to peers over ordinary HTTP. Content bytes go from the file to the socket
 * inside the kernel; this code only decides who gets which bytes, and when.
 */
import type { Server } from "bun";
import type { ClockQuality, Environment } from "../accounting/messages.ts";
import type { ContentSource } from "../content/content-source.ts";
import type { Clock } from "../core/clock.ts";
import type { Hash, PublicKey } from "../core/encoding.ts";
import { errnoOf, exitCode, OperatorError, reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { every, type Part } from "../core/part.ts";
import { type Bytes, bytes, type Milliseconds, milliseconds, seconds } from "../core/units.ts";
import type { VerdictSource } from "../governor/verdict.ts";
import type { SessionJournal } from "../journal/session-journal.ts";
import type { AdmissionLimits } from "./admission.ts";
import { type Descriptors, readDescriptors } from "./descriptors.ts";
import { RequestHandler } from "./request-handler.ts";
import { Sessions } from "./sessions.ts";
import { Turnstile } from "./turnstile.ts";

/** PEM, both. */
export interface PeerTls {
  readonly key: string;
  readonly cert: string;
}

export interface PeerServerOptions {
  readonly host: string;
  /** 0 asks the kernel for a free one. */
  readonly port: number;
  /** Where peers are served over TLS. */
  readonly tls?: PeerTls | undefined;
  readonly box: PublicKey;
  readonly environment: Environment;
  /** Keys whose tickets count. */
  readonly issuers: () => ReadonlySet<PublicKey>;
  readonly content: ContentSource;
  readonly journal: SessionJournal;
  readonly verdict: VerdictSource;
  readonly clock: Clock;
  readonly clockQuality: () => ClockQuality;
  readonly log: Log;
  /** Metalink v4 of an open title that is held. */
  readonly metalink?: (title: Hash) => string | undefined;
  /** False where neither traffic control nor socket pacing is in force; then starts are spread. */
  readonly kernelPaces?: () => boolean;
  readonly admission?: AdmissionLimits;
  /** Open connections beyond which all are closed, so that the household's page still gets one. */
  readonly mostConnections?: number;
  readonly descriptors?: () => Descriptors | undefined;
  /** See `SessionsOptions`. */
  readonly idleAfter?: Milliseconds | undefined;
}

export interface PeerStats {
  /** Responses under way, and requests that wait for their turn. */
  readonly streams: number;
  readonly waiting: number;
  /** Tickets in use. */
  readonly sessions: number;
  /** Content bytes of the responses started in this run, against tickets and of open titles. */
  readonly receiptedBytes: Bytes;
  readonly openBytes: Bytes;
  /** Times all connections were closed because there were too many. */
  readonly shed: number;
}

export interface PeerServer extends Part {
  readonly port: number;
  stats(): PeerStats;
  /** Serves with another certificate from now on; what runs is broken off. Throws when it will not do. */
  useCertificate(tls: PeerTls): void;
}

/**
 * Bun counts a response as idle while its bytes wait in the kernel, and a home that uploads may hold them
 * back for a minute. Connections without a response are ended by the governor; a first header has 10 s by Bun itself.
 */
const IDLE_TIMEOUT_S = 255;
const LONGEST_BODY = 8 * 1024;
const SWEEP = seconds(1);
/** A stream must stop well within the second that the household is promised. */
const WATCH = milliseconds(50);
const MOST_CONNECTIONS = 4096;
/** The share of the process's descriptors that peers may fill. */
const DESCRIPTOR_SHARE = 0.75;

/** Listens at once, so that its port is known; `run` keeps it honest until the signal. */
export function createPeerServer(options: PeerServerOptions): PeerServer {
  return new ListeningPeerServer(options);
}

class ListeningPeerServer implements PeerServer {
  readonly name = "peer-server";
  readonly port: number;
  readonly #options: PeerServerOptions;
  readonly #sessions: Sessions;
  readonly #turnstile: Turnstile;
  readonly #handler: RequestHandler;
  /** undefined for the moment in which the port could not be taken again. */
  #server: Server<undefined> | undefined;
  #tls: PeerTls | undefined;
  #shed = 0;
  #held = false;
  /** Resolves with the next request. */
  #asked = Promise.withResolvers<void>();

  constructor(options: PeerServerOptions) {
    this.#options = options;
    this.#tls = options.tls;
    this.#sessions = new Sessions({ ...options, settle: () => this.#turnstile.settle() });
    const kernelPaces = options.kernelPaces ?? (() => true);
    const limits = options.admission && { limits: options.admission };
    this.#turnstile = new Turnstile({ ...options, kernelPaces, ...limits });
    this.#handler = new RequestHandler({
      ...options,
      sessions: this.#sessions,
      turnstile: this.#turnstile,
      metalink: options.metalink ?? (() => undefined),
      kernelPaces,
      tls: options.tls !== undefined,
    });
    this.#server = this.#listen(options.port);
    this.port = this.#server.port ?? options.port;
  }

  stats(): PeerStats {
    return {
      streams: this.#turnstile.running,
      waiting: this.#turnstile.waiting,
      sessions: this.#sessions.size,
      receiptedBytes: bytes(this.#handler.started.receipted),
      openBytes: bytes(this.#handler.started.open),
      shed: this.#shed,
    };
  }

  useCertificate(tls: PeerTls): void {
    const before = this.#tls;
    this.#tls = tls;
    try {
      this.#cut("the certificate was replaced");
    } catch (fault) {
      // The watch opens the port again, as it was.
      this.#tls = before;
      throw fault;
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    const loop = { clock, log, signal };
    signal.addEventListener("abort", () => this.#asked.resolve());
    await Promise.all([
      every(WATCH, () => this.#watchWhileServing(signal), { ...loop, name: "peer-watch" }),
      every(SWEEP, () => this.#sweep(), { ...loop, name: "peer-sweep" }),
    ]);
    this.#sessions.cutAll();
    this.#server?.stop(true);
    this.#turnstile.settle();
    this.#handler.close();
    this.#sessions.closeAll("shutdown");
  }

  /** A box that nobody asks anything does not wake up for it. */
  async #watchWhileServing(signal: AbortSignal): Promise<void> {
    if (!this.#hasWork) {
      this.#held = false;
      this.#asked = Promise.withResolvers();
      await this.#asked.promise;
      await this.#options.clock.sleep(WATCH, signal);
    }
    if (!signal.aborted) this.#watch();
  }

  get #hasWork(): boolean {
    return !this.#server || this.#turnstile.running > 0 || this.#turnstile.waiting > 0;
  }

  /** What runs when sharing ends is broken off: its viewers go on elsewhere, the household does not wait. */
  #watch(): void {
    const held = this.#options.verdict.current.state === "held";
    if (held && !this.#held) {
      this.#turnstile.pump();
      if (this.#turnstile.running > 0) this.#cut("sharing is held");
    }
    this.#held = held;
    if (!this.#server) this.#server = this.#listen(this.port);
  }

  #sweep(): void {
    this.#turnstile.settle();
    this.#sessions.sweep();
    this.#handler.sweep();
    const descriptors = (this.#options.descriptors ?? readDescriptors)();
    if (!descriptors) return;
    const most = Math.min(
      this.#options.mostConnections ?? MOST_CONNECTIONS,
      descriptors.limit * DESCRIPTOR_SHARE,
    );
    if (descriptors.open <= most) return;
    this.#shed++;
    this.#cut("too many connections");
  }

  /** Bun cannot close one connection whose body the kernel sends, but all of a server. */
  #cut(why: string): void {
    this.#options.log.notice("peer connections closed", { why, streams: this.#turnstile.running });
    this.#sessions.cutAll();
    this.#server?.stop(true);
    this.#server = undefined;
    this.#asked.resolve();
    this.#server = this.#listen(this.port);
  }

  #listen(port: number): Server<undefined> {
    const { host, log } = this.#options;
    const tls = this.#tls;
    try {
      return Bun.serve({
        hostname: host,
        port,
        ...(tls && { tls }),
        idleTimeout: IDLE_TIMEOUT_S,
        maxRequestBodySize: LONGEST_BODY,
        development: false,
        fetch: (request, server) => {
          this.#asked.resolve();
          return this.#handler.handle(request, server);
        },
        error: (fault) => {
          log.error("peer request failed", { reason: reasonOf(fault) });
          return new Response(null, { status: 500 });
        },
      });
    } catch (cause) {
      throw new OperatorError(
        exitCode.unavailable,
        `Cannot serve peers on ${host} port ${port} (${errnoOf(cause) ?? reasonOf(cause)}): stop what uses the port, or set box.listen to another address.`,
        { cause },
      );
    }
  }
}
