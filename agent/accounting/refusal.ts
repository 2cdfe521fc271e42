/**
 * Every reason for which a message, a ticket, a record or a payment is refused: one table of codes,
 * what they mean to a person, and what that person can do. Codes are never reused.
 */
export interface Refusal {
  /** What happened, one sentence. */
  readonly text: string;
  /** What the one who was refused can do, or whom to ask. */
  readonly appeal: string;
}

const FIX_SOFTWARE =
  "Update the sender's software; if it is up to date, report a fault with the bytes.";
const ASK_OPERATOR =
  "Ask the operator, naming the record; its evidence is kept until the appeal ends.";
const NEW_TICKET = "Ask the coordinator for a new ticket.";

export const refusals = {
  // Decoding: the bytes are not a message of this protocol.
  malformed: { text: "The bytes are not a well-formed message.", appeal: FIX_SOFTWARE },
  "too-large": { text: "The message is larger than its type allows.", appeal: FIX_SOFTWARE },
  "not-canonical": {
    text: "The message is not in its one deterministic encoding.",
    appeal: FIX_SOFTWARE,
  },
  "unknown-field": {
    text: "The message has a field that this protocol version does not know.",
    appeal: FIX_SOFTWARE,
  },
  "missing-field": { text: "The message lacks a field that it must have.", appeal: FIX_SOFTWARE },
  "out-of-range": { text: "A field of the message is outside its limits.", appeal: FIX_SOFTWARE },
  "wrong-type": {
    text: "The message is of another type than expected here.",
    appeal: FIX_SOFTWARE,
  },
  "wrong-environment": {
    text: "The message was signed for another environment (dev or prod).",
    appeal: "Use the key and the configuration of this environment.",
  },
  inconsistent: {
    text: "The message's fields contradict one another.",
    appeal: FIX_SOFTWARE,
  },
  // Signatures.
  "bad-signature": { text: "The signature does not fit the message.", appeal: FIX_SOFTWARE },
  "weak-key": {
    text: "The signer's key is not a sound ed25519 key.",
    appeal: "Make a new key and enrol again.",
  },
  "unknown-signer": {
    text: "The message is signed by a key that may not sign it.",
    appeal: "Check which key signs; after a rotation of the coordinator's key, fetch its new one.",
  },
  // Tickets.
  "wrong-box": { text: "The ticket is for another box.", appeal: NEW_TICKET },
  "wrong-viewer": { text: "The ticket belongs to another viewer.", appeal: NEW_TICKET },
  "wrong-title": { text: "The ticket is for another title.", appeal: NEW_TICKET },
  "ticket-not-yet": { text: "The ticket is not valid yet.", appeal: "Check the clock, or wait." },
  "ticket-start-passed": {
    text: "The ticket was not started in time.",
    appeal: NEW_TICKET,
  },
  "ticket-expired": { text: "The ticket has expired.", appeal: NEW_TICKET },
  "ticket-used-up": { text: "The ticket's bytes are used up.", appeal: NEW_TICKET },
  "ticket-unknown": { text: "The coordinator did not issue this ticket.", appeal: ASK_OPERATOR },
  "settled-too-late": {
    text: "The record came after the ticket's last day to settle.",
    appeal: ASK_OPERATOR,
  },
  // Receipts and the window.
  "receipt-other-ticket": {
    text: "The receipt is bound to another ticket.",
    appeal: FIX_SOFTWARE,
  },
  "receipt-over-max": {
    text: "The receipt claims more bytes than its ticket allows.",
    appeal: FIX_SOFTWARE,
  },
  "receipts-due": {
    text: "The viewer has not signed for what it was sent.",
    appeal: "Send a receipt for the bytes that were verified.",
  },
  "viewer-refused": {
    text: "The viewer left too often without signing for what it was sent.",
    appeal: "Sign for the bytes that were received; each signed window takes a strike away.",
  },
  "nothing-proven": {
    text: "No receipt proves that the viewer got any bytes.",
    appeal: "Nothing to do: unproven bytes are not paid.",
  },
  "over-wire": {
    text: "The receipt claims more bytes than the box says it sent.",
    appeal: ASK_OPERATOR,
  },
  "over-rate": {
    text: "The receipt claims more bytes than the box's line can carry in that time.",
    appeal: ASK_OPERATOR,
  },
  // Record chains.
  gap: { text: "A record before this one is missing.", appeal: "Resend from the missing one." },
  "chain-broken": {
    text: "The record does not continue the chain of records before it.",
    appeal: ASK_OPERATOR,
  },
  equivocation: {
    text: "Two different records carry the same number and a valid signature.",
    appeal: ASK_OPERATOR,
  },
  "clone-suspected": {
    text: "Two devices use this key, or its storage was rolled back.",
    appeal: "Enrol one of the devices again with a new key, or ask the operator.",
  },
  "old-generation": {
    text: "The record belongs to a generation that has been closed.",
    appeal: ASK_OPERATOR,
  },
  quarantined: { text: "The box is held back until a doubt is cleared.", appeal: ASK_OPERATOR },
  "not-enrolled": { text: "The box is not enrolled.", appeal: "Enrol the box with the operator." },
  throttled: { text: "Too many messages in too short a time.", appeal: "Slow down and resend." },
  // Money.
  "same-household": {
    text: "Box and viewer belong to one household, which is never paid for serving itself.",
    appeal: ASK_OPERATOR,
  },
  "ring-suspected": {
    text: "A closed group of boxes and viewers pays one another.",
    appeal: ASK_OPERATOR,
  },
  "over-cap": {
    text: "The payment is above a published limit for one account and day.",
    appeal: ASK_OPERATOR,
  },
  replayed: { text: "The request was used before.", appeal: "Sign a new request." },
  stale: {
    text: "The request's time is too far from the coordinator's.",
    appeal: "Check the clock and sign a new request.",
  },
  // Titles, splits and plays.
  "unknown-title": { text: "The title is not known.", appeal: "Check the title's hash." },
  "not-held": { text: "The box does not hold the title.", appeal: "Ask for another box." },
  "taken-down": {
    text: "The title was taken down.",
    appeal: "Its creator can ask the operator.",
  },
  "split-unsigned": {
    text: "The split is not signed by every party it names.",
    appeal: "Collect the missing signatures and publish again.",
  },
  "split-mismatch": {
    text: "The split is not the one that the title's creator signed for.",
    appeal: "The holder of the title's key has to publish it.",
  },
  "play-too-short": {
    text: "The play was shorter than the published minimum.",
    appeal: "Nothing to do: only longer plays are paid.",
  },
  "play-not-served": {
    text: "The viewer did not get enough of the title for this play.",
    appeal: ASK_OPERATOR,
  },
} as const satisfies Readonly<Record<string, Refusal>>;

export type RefusalCode = keyof typeof refusals;

export const isRefusalCode = (text: string): text is RefusalCode => Object.hasOwn(refusals, text);

/** For people: the text and what can be done, also for a code of a newer coordinator. */
export const explainRefusal = (code: string): Refusal =>
  isRefusalCode(code)
    ? refusals[code]
    : { text: `Refused for a reason this version does not know (${code}).`, appeal: ASK_OPERATOR };
