import { type RefusalCode, refusals } from "../accounting/refusal.ts";

/** A request that is refused, with the status that HTTP gives it. */
export interface Refusal {
  readonly ok: false;
  readonly code: RefusalCode;
  /** What is wrong with this one, beyond the code's own text. */
  readonly detail: string | undefined;
}

export const refuse = (code: RefusalCode, detail?: string): Refusal => ({
  ok: false,
  code,
  detail,
});

const STATUS: Partial<Record<RefusalCode, number>> = {
  "too-large": 413,
  "unknown-title": 404,
  "taken-down": 410,
  throttled: 429,
  replayed: 409,
  "unknown-signer": 403,
  "viewer-refused": 403,
  quarantined: 403,
  "split-mismatch": 409,
};

export const statusOf = (code: RefusalCode) => STATUS[code] ?? 400;

export const refusalBody = ({ code, detail }: Refusal) => ({
  error: { code, text: detail ? `${refusals[code].text} (${detail})` : refusals[code].text },
});
