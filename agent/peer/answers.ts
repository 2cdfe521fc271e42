/** What a box says when it does not send content: a code, a sentence, and when to come again. */
import { explainRefusal, isRefusalCode } from "../accounting/refusal.ts";
import type { Reason, Verdict } from "../governor/verdict.ts";
import type { SessionRefusal } from "./sessions.ts";

/** Codes of the peer's HTTP that are not refusals of the protocol (docs/protocol.md has those). */
const texts = {
  "ticket-missing": "This title is served against a ticket: ask the coordinator for one.",
  "ticket-not-shown":
    "This box does not have this ticket in use: show it with the receipt, as with a range.",
  "range-needed":
    "Ask for ranges that fit into the window; what is longer needs receipts on the way.",
  "unknown-path": "There is nothing under this path.",
  "method-not-allowed": "This path is not asked with this method.",
  "too-slow": "The request's body did not come in time.",
  "bad-request": "The request is not one of this protocol.",
  unsatisfiable: "The range lies outside of the file.",
  "not-sharing": "This box shares nothing at the moment.",
  busy: "This box serves as many as it can at the moment.",
  "too-many-requests": "Too many requests at once from one viewer.",
  "not-recorded": "This box could not record what it serves at the moment.",
} as const;

export type AnswerCode = keyof typeof texts;

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly retryAfterS?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

const textOf = (code: string) =>
  isRefusalCode(code) ? explainRefusal(code).text : (texts[code as AnswerCode] ?? code);

export function refusalResponse(refusal: Refusal): Response {
  const headers = new Headers({ "content-type": "application/json", "cache-control": "no-store" });
  for (const [name, value] of Object.entries(refusal.headers ?? {})) headers.set(name, value);
  if (refusal.retryAfterS !== undefined) headers.set("retry-after", String(refusal.retryAfterS));
  if (refusal.status === 401) headers.set("www-authenticate", "Spareband");
  const body = { error: { code: refusal.code, text: textOf(refusal.code) } };
  return new Response(JSON.stringify(body), { status: refusal.status, headers });
}

/** Reasons that last until someone or some date changes them, and so are not worth asking often. */
const LASTING: ReadonlySet<Reason> = new Set([
  "paused",
  "no-consent",
  "quiet-hours",
  "daily-cap",
  "monthly-cap",
  "metered",
  "quarantined",
  "storage-failing",
  "limit-breached",
]);

/** Seconds after which a refused viewer may try again while nothing is shared. */
export const retryWhenHeld = (verdict: Extract<Verdict, { state: "held" }>) =>
  LASTING.has(verdict.reason) ? 600 : 10;

/** How a ticket or receipt that is refused is answered. */
export function toRefusal(refusal: Pick<SessionRefusal, "code">): Refusal {
  switch (refusal.code) {
    case "receipts-due":
      return { status: 402, code: refusal.code };
    case "busy":
      return { status: 503, code: refusal.code, retryAfterS: 10 };
    case "not-recorded":
      return { status: 503, code: refusal.code, retryAfterS: 60 };
    default:
      return { status: 403, code: refusal.code };
  }
}
