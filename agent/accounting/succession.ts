/**
 * Which keys of a coordinator to trust when some are: it hands over from one to the next, and both
 * sign that. Whoever was given one of them is led to the others, older and newer. Pure.
 */
import type { PublicKey } from "../core/encoding.ts";
import { open } from "./envelope.ts";
import type { Environment, Sealed } from "./messages.ts";

/** Hand-overs that anybody has to follow at most; a coordinator changes its key every few years. */
export const MAX_SUCCESSIONS = 16;

/** The successions among messages as received; what is none, or is damaged, leads nowhere. */
export function openSuccessions(
  messages: Iterable<Uint8Array>,
  environment: Environment,
): readonly Sealed<"succession">[] {
  const found: Sealed<"succession">[] = [];
  for (const bytes of messages) {
    const opened = open("succession", bytes, { environment });
    if (opened.ok) found.push(opened.message);
  }
  return found;
}

/** `roots` and every key that a trusted one has named as the one before or after it. */
export function trustedKeys(
  roots: Iterable<PublicKey>,
  successions: readonly Sealed<"succession">[],
): ReadonlySet<PublicKey> {
  const trusted = new Set(roots);
  for (let before = -1; before < trusted.size; ) {
    before = trusted.size;
    for (const { signer, body } of successions) {
      if (trusted.has(signer)) trusted.add(body.previous).add(body.next);
    }
  }
  return trusted;
}
