/** One request to a box: who asks, for what, and whether it may have it now. */
import type { Server } from "bun";
import type { ContentFile, ContentSource } from "../content/content-source.ts";
import type { Clock } from "../core/clock.ts";
import type { Hash, PublicKey } from "../core/encoding.ts";
import { assertNever } from "../core/errors.ts";
import { milliseconds } from "../core/units.ts";
import type { VerdictSource } from "../governor/verdict.ts";
import { Admission, type AdmissionLimits, type Turned, type Waiting } from "./admission.ts";
import { type Refusal, refusalResponse, toRefusal } from "./answers.ts";
import { FailureBudget } from "./failure-budget.ts";
import { FileResponses, type Slice } from "./file-response.ts";
import { parseReceiptBody } from "./receipt-body.ts";
import { parseTarget, pathOf } from "./request-target.ts";
import type { Session } from "./session.ts";
import type { Sessions } from "./sessions.ts";
import { sliceOf } from "./slice.ts";

export interface RequestHandlerOptions {
  readonly box: PublicKey;
  readonly content: ContentSource;
  readonly sessions: Sessions;
  readonly verdict: VerdictSource;
  readonly clock: Clock;
  /** Metalink v4 of an open title; undefined where the title is not open or not held. */
  readonly metalink: (title: Hash) => string | undefined;
  /** False where neither traffic control nor socket pacing is in force. */
  readonly kernelPaces: () => boolean;
  readonly limits?: AdmissionLimits;
}

type PeerServer = Server<undefined>;
type Turn = "started" | "left" | Turned;

interface FileRequest {
  readonly request: Request;
  readonly server: PeerServer;
  readonly title: Hash;
  readonly file: ContentFile;
  readonly slice: Slice;
  readonly session: Session | undefined;
}

/** How often it is looked whether a stream has ended while requests wait: Bun tells only the count. */
const PUMP_PERIOD = milliseconds(5);
/** One response is at most so long where nothing below paces it; a chunk always fits. */
const LONGEST_UNPACED = 4 * 1024 * 1024;
const PREFIX = "Spareband ";

export class RequestHandler {
  readonly #options: RequestHandlerOptions;
  readonly #admission: Admission<(turn: Turn) => void>;
  readonly #responses = new FileResponses();
  readonly #failures = new FailureBudget();
  #server: PeerServer | undefined;
  #pumping = false;
  /** Content bytes of responses that were started, with and without a ticket. */
  started = { receipted: 0, open: 0 };

  constructor(options: RequestHandlerOptions) {
    this.#options = options;
    this.#admission = new Admission(options.limits);
  }

  get waiting(): number {
    return this.#admission.waiting;
  }

  /** Responses under way; those that wait for their turn are not among them. */
  get running(): number {
    return Math.max(0, (this.#server?.pendingRequests ?? 0) - this.#admission.waiting);
  }

  handle(request: Request, server: PeerServer): Response | Promise<Response> {
    this.#server = server;
    const target = parseTarget(pathOf(request.url));
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
        return refusalResponse({ status: 404, code: "unknown-path" });
      default:
        return assertNever(target);
    }
  }

  /** Starts what may start, and turns away what waited too long or may not be served any more. */
  pump(): void {
    const now = this.#situation(0);
    for (const place of this.#admission.expired(now)) place.token(place.answer);
    for (const place of this.#admission.next(now)) place.token("started");
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
    } else if (file?.manifest.delivery !== "open") {
      // The same answer whether it is held or not: what a household's box holds is nobody's business.
      return refusalResponse({ status: 401, code: "ticket-missing" });
    }
    if (!file) return refusalResponse({ status: 404, code: "not-held" });
    const limit = this.#longest(session && sessions.standing(session).window);
    const wanted = sliceOf(request, file, limit);
    if (wanted instanceof Response) return wanted;
    if (!file.holds(wanted.start, wanted.end)) {
      // The store weighs misses, too: what is asked for again is worth a write.
      content.touch(title, file.fileIndex, wanted.start, wanted.end);
      return refusalResponse({ status: 404, code: "not-held" });
    }
    if (request.method === "HEAD") return this.#responses.respond(file, wanted);
    return this.#admit({ request, server, title, file, slice: wanted, session });
  }

  #admit(asked: FileRequest): Response | Promise<Response> {
    const refused = this.#judge(asked);
    if (refused) return refused;
    const { request, session, slice } = asked;
    const viewer = session?.ticket.body.viewer ?? this.#address(request, asked.server);
    const bid = { viewer, bytes: slice.end - slice.start };
    const { promise, resolve } = Promise.withResolvers<Turn>();
    const offer = this.#admission.offer(bid, resolve, this.#situation(1));
    switch (offer.kind) {
      case "start":
        return this.#send(asked);
      case "refuse":
        return refusalResponse(offer);
      case "wait":
        return this.#wait(asked, offer.place, promise);
      default:
        return assertNever(offer);
    }
  }

  async #wait(
    asked: FileRequest,
    place: Waiting<(turn: Turn) => void>,
    turn: Promise<Turn>,
  ): Promise<Response> {
    asked.request.signal.addEventListener("abort", () => {
      this.#admission.leave(place);
      place.token("left");
    });
    this.#keepPumping();
    const came = await turn;
    if (came === "left") return new Response(null, { status: 499 });
    if (came !== "started") return refusalResponse(came);
    return this.#judge(asked) ?? this.#send(asked);
  }

  #judge({ session, title, slice }: FileRequest): Response | undefined {
    if (!session) return undefined;
    const judgement = this.#options.sessions.judge(session, title, slice.end - slice.start);
    return judgement.ok ? undefined : refusalResponse(toRefusal(judgement));
  }

  #send({ request, title, file, slice, session }: FileRequest): Response {
    const amount = slice.end - slice.start;
    this.#options.content.touch(title, file.fileIndex, slice.start, slice.end);
    if (session) {
      this.#options.sessions.sent(session, amount);
      this.started.receipted += amount;
      request.signal.addEventListener("abort", () => session.brokeOff(amount));
    } else {
      this.started.open += amount;
    }
    return this.#responses.respond(file, slice);
  }

  #session(
    authorization: string,
    request: Request,
    server: PeerServer,
  ): { readonly ok: true; readonly session: Session } | { readonly ok: false; refusal: Refusal } {
    if (!authorization.startsWith(PREFIX)) {
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
    const posted = parseReceiptBody(await request.text());
    if (!posted) return refusalResponse({ status: 400, code: "bad-request" });
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
  #longest(window: number | undefined): number | undefined {
    if (this.#options.kernelPaces()) return window;
    return Math.min(window ?? LONGEST_UNPACED, LONGEST_UNPACED);
  }

  #situation(asking: 0 | 1) {
    return {
      nowMs: this.#options.clock.monotonicMs(),
      verdict: this.#options.verdict.current,
      running: Math.max(0, this.running - asking),
      kernelPaces: this.#options.kernelPaces(),
    };
  }

  #address(request: Request, server: PeerServer): string {
    const address = server.requestIP(request)?.address ?? "gone";
    // A household has a /64 of IPv6 (RFC 6177), so what is behind it is as good as any of it.
    return address.includes(":") ? address.split(":").slice(0, 4).join(":") : address;
  }

  async #keepPumping(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#admission.waiting > 0) {
      await this.#options.clock.sleep(PUMP_PERIOD);
      this.pump();
    }
    this.#pumping = false;
  }
}

const notAllowed = (allow: string) =>
  refusalResponse({ status: 405, code: "method-not-allowed", headers: { allow } });
