/**
 * The tickets in use on this box: checked once, counted over all their connections, bounded by the
 * window and the ticket, and resumed from the journal after a restart.
 */
import { open } from "../accounting/envelope.ts";
import type { ClockQuality, CloseReason, Environment, Sealed } from "../accounting/messages.ts";
import type { RefusalCode } from "../accounting/refusal.ts";
import { judgeReceipt, judgeTicketUse } from "../accounting/ticket-use.ts";
import {
  afterLateReceipt,
  isRefused,
  stranger,
  type ViewerStanding,
} from "../accounting/window.ts";
import type { Clock } from "../core/clock.ts";
import { fromBase64Url, type Hash, type PublicKey } from "../core/encoding.ts";
import { type Milliseconds, milliseconds, seconds, toUnixSeconds } from "../core/units.ts";
import type { Admission as JournalAdmission, SessionJournal } from "../journal/session-journal.ts";
import { Session } from "./session.ts";

export interface SessionsOptions {
  readonly box: PublicKey;
  readonly environment: Environment;
  /** Keys that sign tickets: the coordinator's, and its older ones while their tickets live. */
  readonly issuers: () => ReadonlySet<PublicKey>;
  readonly journal: SessionJournal;
  readonly clock: Clock;
  readonly clockQuality: () => ClockQuality;
  /** A viewer that neither asks nor signs for so long has left; a minute when absent. */
  readonly idleAfter?: Milliseconds | undefined;
  /** Tells sessions of responses that broke off. Called before it matters. */
  readonly settle?: () => void;
}

export type SessionRefusal =
  | { readonly ok: false; readonly code: RefusalCode }
  | { readonly ok: false; readonly code: "not-recorded"; readonly why: string }
  | { readonly ok: false; readonly code: "busy" | "ticket-not-shown" };

export type Found = { readonly ok: true; readonly session: Session } | SessionRefusal;

/** Sessions held in memory at once; the oldest idle one is closed for a new one. */
const MOST_SESSIONS = 1024;
const MOST_ENDED = 256;
const IDLE = seconds(60);
/** Tickets end at a full second, so that their times need not be looked at with each range. */
const LOOK_AT_CLOCKS = milliseconds(100);
const may = { ok: true } as const;
/** A ticket has at most 1 KiB as a message. */
const LONGEST_TICKET_TEXT = 2048;

export class Sessions {
  readonly #options: SessionsOptions;
  /** By the text of the Authorization header, so that a ticket is decoded and verified once. */
  readonly #byText = new Map<string, Session>();
  readonly #byHash = new Map<Hash, { readonly session: Session; readonly text: string }>();
  /** Sessions that ended lately, for the receipt that comes last. */
  readonly #ended = new Map<Hash, Session>();
  /** Refused texts, so that a viewer that repeats itself costs nothing. */
  readonly #refused = new Map<string, SessionRefusal>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#byHash.size;
  }

  /** The session of a ticket as it stood in the Authorization header; opens it at its first use. */
  find(text: string): Found {
    const known = this.#byText.get(text);
    if (known) return { ok: true, session: known };
    return this.#refused.get(text) ?? this.#open(text);
  }

  /** May `amount` bytes of a title be sent on this session now? */
  judge(session: Session, title: Hash, amount: number): { readonly ok: true } | SessionRefusal {
    const judgement = this.#judgeTicket(session, title);
    if (judgement) return judgement;
    const standing = this.standing(session);
    if (isRefused(standing)) return { ok: false, code: "viewer-refused" };
    // Receipts are cumulative: one is verified when the window needs it, and once a second (`sweep`).
    if (session.room(standing) < amount) this.#verifyNewest(session);
    if (session.room(standing) < amount) this.#options.settle?.();
    if (session.charged + amount > session.ticket.body.maxBytes) {
      return { ok: false, code: "ticket-used-up" };
    }
    if (session.room(standing) >= amount) return may;
    session.due = true;
    return { ok: false, code: "receipts-due" };
  }

  /** Why the ticket is no good for the title now, if so. */
  #judgeTicket(session: Session, title: Hash): SessionRefusal | undefined {
    const { clock, clockQuality, box } = this.#options;
    const now = clock.monotonicMs();
    const { body } = session.ticket;
    if (now < session.goodUntil && body.title === title && session.charged < body.maxBytes) {
      return undefined;
    }
    const judgement = judgeTicketUse(body, {
      box,
      title,
      wall: toUnixSeconds(clock.wallMs()),
      clockQuality: clockQuality(),
      sinceFirstUse: session.wireBytes === 0 ? undefined : milliseconds(now - session.started),
      wireBytes: session.charged,
    });
    if (!judgement.ok) return judgement;
    session.goodUntil = milliseconds(now + LOOK_AT_CLOCKS);
    return undefined;
  }

  standing(session: Session): ViewerStanding {
    return this.#options.journal.viewer(session.ticket.body.viewer) ?? stranger;
  }

  sent(session: Session, amount: number): void {
    session.sent(amount, this.#options.clock.monotonicMs());
    if (session.noted.wire < 0) this.#note(session);
  }

  /** A receipt that came by itself, the last one of a viewer: verified at once, and made durable. */
  receive(ticket: Hash, text: string): { readonly ok: true } | SessionRefusal {
    const running = this.#byHash.get(ticket)?.session;
    const session = running ?? this.#ended.get(ticket);
    if (!session) return { ok: false, code: "ticket-not-shown" };
    const before = session.proven;
    const code = this.#verify(session, text);
    if (code) return { ok: false, code };
    if (running) this.#note(session);
    else if (session.proven > before) {
      this.#record(session, "done");
      session.settle();
    }
    return { ok: true };
  }

  /** Notes progress, and closes what is over. Called about once a second. */
  sweep(): void {
    const now = this.#options.clock.monotonicMs();
    for (const { session } of this.#byHash.values()) {
      this.#verifyNewest(session);
      const { notBefore, expires } = session.ticket.body;
      const expired = now - session.started > (expires - notBefore) * 1000;
      if (expired) this.#close(session, "expired");
      else if (now - session.lastUsed > (this.#options.idleAfter ?? IDLE)) this.#closeIdle(session);
      else this.#noteProgress(session);
    }
    if (this.#refused.size > MOST_SESSIONS) this.#refused.clear();
  }

  /** Every running response was broken off by this box. */
  cutAll(): void {
    for (const { session } of this.#byHash.values()) session.cut = true;
  }

  closeAll(reason: CloseReason): void {
    for (const { session } of [...this.#byHash.values()]) {
      this.#verifyNewest(session);
      this.#close(session, reason);
    }
  }

  #open(text: string): Found {
    const ticket = this.#decode(text);
    if ("code" in ticket) return this.#refuse(text, ticket);
    const known = this.#byHash.get(ticket.hash);
    if (known) return { ok: true, session: known.session };
    const now = this.#options.clock.monotonicMs();
    const ended = this.#ended.get(ticket.hash);
    const restored = ended ? undefined : this.#options.journal.restore(ticket.hash);
    if (!ended && !restored) {
      const admission = this.#options.journal.admits();
      if (!admission.ok) return notRecorded(admission);
    }
    if (this.#byHash.size >= MOST_SESSIONS && !this.#makeRoom()) return { ok: false, code: "busy" };
    const session = ended ?? new Session(ticket, now, restored);
    this.#ended.delete(ticket.hash);
    this.#byText.set(text, session);
    this.#byHash.set(ticket.hash, { session, text });
    return { ok: true, session };
  }

  #decode(text: string): Sealed<"ticket"> | { ok: false; code: RefusalCode } {
    const data = text.length <= LONGEST_TICKET_TEXT ? fromBase64Url(text) : undefined;
    if (!data) return { ok: false, code: "malformed" };
    const { environment, issuers, box } = this.#options;
    const opened = open("ticket", data, { environment, signer: issuers() });
    if (!opened.ok) return { ok: false, code: opened.code };
    if (opened.message.body.box !== box) return { ok: false, code: "wrong-box" };
    return opened.message;
  }

  #refuse(text: string, refusal: SessionRefusal): SessionRefusal {
    // The next key of a coordinator that changes its own may come a moment after its first ticket.
    const lasting = refusal.code !== "unknown-signer";
    if (lasting && text.length <= LONGEST_TICKET_TEXT) this.#refused.set(text, refusal);
    return refusal;
  }

  #verifyNewest(session: Session): void {
    const text = session.unverified;
    session.unverified = undefined;
    if (text !== undefined) this.#verify(session, text);
  }

  #verify(session: Session, text: string): RefusalCode | undefined {
    const data = text.length <= LONGEST_TICKET_TEXT ? fromBase64Url(text) : undefined;
    if (!data) return "malformed";
    const { environment, clock } = this.#options;
    const signer = session.ticket.body.viewer;
    const opened = open("receipt", data, { environment, signer });
    if (!opened.ok) return opened.code;
    const judgement = judgeReceipt(session.ticket, opened.message);
    if (!judgement.ok) return judgement.code;
    if (opened.message.body.bytes > session.wireBytes) return "over-wire";
    if (session.due) this.#forgive(session);
    session.signed(opened.message, clock.monotonicMs());
    return undefined;
  }

  #forgive(session: Session): void {
    const standing = this.standing(session);
    if (!isRefused(standing)) return;
    this.#options.journal.noteViewer(session.ticket.body.viewer, afterLateReceipt(standing));
  }

  #noteProgress(session: Session): void {
    const { wire, proven } = session.noted;
    if (session.wireBytes !== wire || session.proven !== proven) this.#note(session);
  }

  #note(session: Session): void {
    session.noted = { wire: session.wireBytes, proven: session.proven };
    this.#options.journal.note(session.snapshot());
  }

  #closeIdle(session: Session): void {
    this.#close(session, session.idleReason(this.standing(session)));
  }

  #close(session: Session, reason: CloseReason): void {
    const { hash } = session.ticket;
    const known = this.#byHash.get(hash);
    this.#byHash.delete(hash);
    if (known) this.#byText.delete(known.text);
    if (session.wireBytes === 0) return;
    if (session.hasNews) {
      this.#judgeViewer(session);
      this.#record(session, reason);
    }
    session.settle();
    this.#ended.set(hash, session);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > MOST_ENDED && oldest) this.#ended.delete(oldest);
  }

  #record(session: Session, reason: CloseReason): void {
    this.#options.journal.close(session.snapshot(), reason);
  }

  #judgeViewer(session: Session): void {
    const before = this.standing(session);
    const after = session.standingAfter(before);
    if (after !== before) this.#options.journal.noteViewer(session.ticket.body.viewer, after);
  }

  /** Closes the session that has been idle longest, when it has been idle for a while. */
  #makeRoom(): boolean {
    const oldest = [...this.#byHash.values()].reduce((a, b) =>
      a.session.lastUsed <= b.session.lastUsed ? a : b,
    ).session;
    if (this.#options.clock.monotonicMs() - oldest.lastUsed < IDLE / 6) return false;
    this.#closeIdle(oldest);
    return true;
  }
}

const notRecorded = (admission: Extract<JournalAdmission, { ok: false }>): SessionRefusal => ({
  ok: false,
  code: "not-recorded",
  why: admission.reason,
});
