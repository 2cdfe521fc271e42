/** One request to a box: who asks, for what, and whether it may have it now. */
import type { Server } from "bun";
import type { ContentFile, ContentSource } from "../content/content-source.ts";
import type { Clock } from "../core/clock.ts";
import type { Hash, PublicKey } from "../core/encoding.ts";
import { assertNever } from "../core/errors.ts";
import { networkPrefix } from "../core/network-prefix.ts";
import { seconds } from "../core/units.ts";
import type { VerdictSource } from "../governor/verdict.ts";
import { type Refusal, refusalResponse, toRefusal } from "./answers.ts";
import { FailureBudget } from "./failure-budget.ts";
import { FileResponses, type Slice } from "./file-response.ts";
import { bodyWithin, parseReceiptBody } from "./receipt-body.ts";
import { parseTarget, pathOf, type Target } from "./request-target.ts";
import { Stream } from "./running-streams.ts";
import type { Session } from "./session.ts";
import type { Sessions } from "./sessions.ts";
import { sliceOf } from "./slice.ts";
import type { Turn, Turnstile } from "./turnstile.ts";

export interface RequestHandlerOptions {
  readonly box: PublicKey;
  readonly content: ContentSource;
  readonly sessions: Sessions;
  readonly turnstile: Turnstile;
  readonly verdict: VerdictSource;
  readonly clock: Clock;
  /** Metalink v4 of an open title; undefined where the title is not open or not held. */
  readonly metalink: (title: Hash) => string | undefined;
  /** False where neither traffic control nor socket pacing is in force. */
  readonly kernelPaces: () => boolean;
  /** Are peers served over TLS? */
  readonly tls: boolean;
}

type PeerServer = Server<undefined>;

interface FileRequest {
  readonly request: Request;
  readonly server: PeerServer;
  readonly title: Hash;
  readonly file: ContentFile;
  readonly slice: Slice;
  readonly session: Session | undefined;
}

/** A receipt's few hundred bytes come with the header or soon after it. */
const LONGEST_BODY_WAIT = seconds(10);
/** One response is at most so long where nothing below paces it; a chunk always fits. */
const LONGEST_UNPACED = 4 * 1024 * 1024;
/** Nobody sees it: the client has gone. nginx writes the same into its log. */
const CLIENT_CLOSED = 499;
const MOST_TARGETS = 256;
const LONGEST_KEPT_URL = 512;
const PREFIX = "Spareband ";
/** A scheme may be written in any case (RFC 9110 §11.1); nearly all write it as we do. */
const isTicket = (authorization: string) =>
  authorization.startsWith(PREFIX) ||
  authorization.slice(0, PREFIX.length).toLowerCase() === PREFIX.toLowerCase();
/** A household has at least a /64 of IPv6 (RFC 6177), and each of its addresses is as good as another. */
const HOME_BITS = 64;

export class RequestHandler {
  readonly #options: RequestHandlerOptions;
  readonly #responses: FileResponses;
  readonly #failures = new FailureBudget();
  /** Files that were asked for lately, by the request's address. */
  readonly #targets = new Map<string, Target>();
  /** Content bytes of responses that were started, with and without a ticket. */
  started = { receipted: 0, open: 0 };

  constructor(options: RequestHandlerOptions) {
    this.#options = options;
    this.#responses = new FileResponses(options);
  }

  /** Gives back what no response needs any more. Called about once a second. */
  sweep(): void {
    this.#responses.sweep(this.#options.clock.monotonicMs());
  }

  /** For the end, when the server was stopped with its connections. */
  close(): void {
    this.#responses.close();
  }

  handle(request: Request, server: PeerServer): Response | Promise<Response> {
    const target = this.#target(request.url);
    switch (target.kind) {
      case "file":
        if (request.method !== "GET" && request.method !== "HEAD") return notAllowed("GET, HEAD");
        return this.#file(request, server, target.title, target.path);
      case "metalink":
        if (request.method !== "GET" && request.method !== "HEAD") return notAllowed("GET, HEAD");
        return this.#metalink(target.title);
      case "receipts":
        if (request.method !== "POST") return notAllowed("POST");
        return this.#receipt(request, server);
      case "box":
        if (request.method !== "GET" && request.method !== "HEAD") return notAllowed("GET, HEAD");
        return this.#self();
      case "unknown":
        // No viewer of ours: the connection is not kept for more of it.
        return refusalResponse({
          status: 404,
          code: "unknown-path",
          headers: { connection: "close" },
        });
      default:
        return assertNever(target);
    }
  }

  /** A viewer asks for one file hundreds of times. */
  #target(url: string): Target {
    const known = this.#targets.get(url);
    if (known) return known;
    const target = parseTarget(pathOf(url));
    if (target.kind !== "file" || url.length > LONGEST_KEPT_URL) return target;
    if (this.#targets.size >= MOST_TARGETS) this.#targets.clear();
    this.#targets.set(url, target);
    return target;
  }

  #file(
    request: Request,
    server: PeerServer,
    title: Hash,
    path: string,
  ): Response | Promise<Response> {
    const { content, sessions } = this.#options;
    const authorization = request.headers.get("authorization");
    const file = content.open(title, path);
    let session: Session | undefined;
    if (authorization !== null) {
      const found = this.#session(authorization, request, server);
      if (!found.ok) return refusalResponse(found.refusal);
      session = found.session;
      // Before anything tells whether it is held: a ticket for one title is no key to the others.
      if (session.ticket.body.title !== title) {
        return refusalResponse(toRefusal({ code: "wrong-title" }));
      }
    } else if (file?.manifest.delivery !== "open") {
      // The same answer whether it is held or not: what a household's box holds is nobody's business.
      return refusalResponse({ status: 401, code: "ticket-missing" });
    }
    if (!file) return refusalResponse({ status: 404, code: "not-held" });
    const limit = this.#longest(session?.longest(sessions.standing(session)));
    const wanted = sliceOf(request, file, limit);
    if (wanted instanceof Response) return wanted;
    if (!file.holds(wanted.start, wanted.end)) {
      // The store weighs misses, too: what is asked for again is worth a write.
      content.touch(title, file.fileIndex, wanted.start, wanted.end);
      return refusalResponse({ status: 404, code: "not-held" });
    }
    const asked = { request, server, title, file, slice: wanted, session };
    if (request.method !== "HEAD") return this.#admit(asked);
    const nothing = { ...asked, slice: { ...wanted, end: wanted.start } };
    return this.#judge(nothing) ?? this.#responses.describe(file, wanted);
  }

  #admit(asked: FileRequest): Response | Promise<Response> {
    const refused = this.#judge(asked);
    if (refused) return refused;
    const { request, server, session, slice } = asked;
    const viewer = session?.ticket.body.viewer ?? this.#address(request, server);
    const bid = { viewer, bytes: slice.end - slice.start };
    const turn = this.#options.turnstile.enter(server, bid, request);
    if (turn instanceof Stream) return this.#send(asked, turn);
    if (turn instanceof Promise) return turn.then((came) => this.#afterWaiting(asked, came));
    return this.#afterWaiting(asked, turn);
  }

  /** Others of the same ticket may have been sent meanwhile, so the window is looked at again. */
  #afterWaiting(asked: FileRequest, turn: Turn): Response {
    if (turn === "left") return new Response(null, { status: CLIENT_CLOSED });
    if (!(turn instanceof Stream)) return refusalResponse(turn);
    return this.#judge(asked) ?? this.#send(asked, turn);
  }

  #judge({ session, title, slice }: FileRequest): Response | undefined {
    if (!session) return undefined;
    const judgement = this.#options.sessions.judge(session, title, slice.end - slice.start);
    return judgement.ok ? undefined : refusalResponse(toRefusal(judgement));
  }

  #send({ request, title, file, slice, session }: FileRequest, stream: Stream): Response {
    const amount = slice.end - slice.start;
    this.#options.content.touch(title, file.fileIndex, slice.start, slice.end);
    if (session) {
      this.#options.sessions.sent(session, amount);
      this.started.receipted += amount;
      stream.chargeTo(session, amount);
    } else {
      this.started.open += amount;
    }
    const now = this.#options.clock.monotonicMs();
    return this.#responses.respond(file, slice, request, stream, now);
  }

  #session(
    authorization: string,
    request: Request,
    server: PeerServer,
  ): { readonly ok: true; readonly session: Session } | { readonly ok: false; refusal: Refusal } {
    if (!isTicket(authorization)) {
      return { ok: false, refusal: { status: 401, code: "ticket-missing" } };
    }
    const text = authorization.slice(PREFIX.length);
    const found = this.#options.sessions.find(text);
    if (found.ok) {
      const receipt = request.headers.get("spareband-receipt");
      if (receipt !== null) found.session.unverified = receipt;
      return found;
    }
    const now = this.#options.clock.monotonicMs();
    if (!this.#failures.spend(this.#address(request, server), now)) {
      return { ok: false, refusal: { status: 429, code: "too-many-requests", retryAfterS: 60 } };
    }
    return { ok: false, refusal: toRefusal(found) };
  }

  async #receipt(request: Request, server: PeerServer): Promise<Response> {
    const text = await bodyWithin(LONGEST_BODY_WAIT, request, this.#options.clock);
    if (text === undefined) return tooSlow();
    const posted = parseReceiptBody(text);
    if (!posted) return refusalResponse({ status: 400, code: "bad-request" });
    // The ticket with it opens a session that a restart, or many others, made this box forget.
    const authorization = request.headers.get("authorization");
    const shown =
      authorization === null ? undefined : this.#session(authorization, request, server);
    if (shown && !shown.ok) return refusalResponse(shown.refusal);
    const outcome = this.#options.sessions.receive(posted.ticket, posted.receipt);
    if (outcome.ok) return new Response(null, { status: 204 });
    const now = this.#options.clock.monotonicMs();
    if (!this.#failures.spend(this.#address(request, server), now)) {
      return refusalResponse({ status: 429, code: "too-many-requests", retryAfterS: 60 });
    }
    return refusalResponse(toRefusal(outcome));
  }

  #metalink(title: Hash): Response {
    const document = this.#options.metalink(title);
    if (document === undefined) return refusalResponse({ status: 404, code: "not-held" });
    return new Response(document, { headers: { "content-type": "application/metalink4+xml" } });
  }

  /** Whoever checks from outside that an address is this box's reads it here. */
  #self(): Response {
    const sharing = this.#options.verdict.current.state === "sharing";
    return Response.json(
      { box: this.#options.box, sharing },
      { headers: { "cache-control": "no-store" } },
    );
  }

  /** The longest response to one request; undefined for no limit. */
  #longest(within: number | undefined): number | undefined {
    if (this.#options.kernelPaces()) return within;
    return Math.min(within ?? LONGEST_UNPACED, LONGEST_UNPACED);
  }

  #address(request: Request, server: PeerServer): string {
    return networkPrefix(server.requestIP(request)?.address ?? "", HOME_BITS) ?? "gone";
  }
}

const tooSlow = () =>
  refusalResponse({ status: 408, code: "too-slow", headers: { connection: "close" } });
const notAllowed = (allow: string) =>
  refusalResponse({ status: 405, code: "method-not-allowed", headers: { allow } });
