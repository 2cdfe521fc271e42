/** What a household decides, and how it is kept in a file. Nothing is shared before it consents. */
import * as v from "valibot";
import type { Hash } from "../core/encoding.ts";
import { hashField, parseJson } from "../core/json.ts";
import type { BitsPerSecond, Bytes, UnixSeconds } from "../core/units.ts";

/** Minutes since local midnight; `from` > `to` spans midnight, and equal ones are the whole day. */
export interface QuietHours {
  readonly from: number;
  readonly to: number;
}

export interface Limits {
  /** Absent: no ceiling of the household's own. */
  readonly maxRate?: BitsPerSecond;
  /** Per cent of the idle line, 1 to 100. */
  readonly share: number;
  readonly dailyCap?: Bytes;
  readonly monthlyCap?: Bytes;
  /** May a line that is paid for by volume be used? */
  readonly allowMetered: boolean;
  readonly quietHours: readonly QuietHours[];
}

export interface ConsentChoice {
  readonly given: boolean;
  /** sha-256 of the text that was shown, and the language it was shown in. */
  readonly text: Hash;
  readonly language: string;
  readonly at: UnixSeconds;
}

export type Pause =
  | { readonly state: "running" }
  | { readonly state: "paused"; readonly until?: UnixSeconds };

export interface Choices {
  readonly consent?: ConsentChoice;
  readonly pause: Pause;
  readonly limits: Limits;
}

export const firstChoices: Choices = {
  pause: { state: "running" },
  limits: { share: 100, allowMetered: false, quietHours: [] },
};

const wholeUpTo = (most: number, least = 0) =>
  v.pipe(
    v.number("must be a number"),
    v.integer("must be a whole number"),
    v.minValue(least, `must be at least ${least}`),
    v.maxValue(most, `must be at most ${most}`),
  );
/** A petabyte, and a terabit: beyond any household. */
const amount = v.pipe(
  wholeUpTo(1e15, 1),
  v.transform((value) => value as Bytes),
);
const rate = v.pipe(
  wholeUpTo(1e12, 1),
  v.transform((value) => value as BitsPerSecond),
);
const time = v.pipe(
  wholeUpTo(Number.MAX_SAFE_INTEGER),
  v.transform((value) => value as UnixSeconds),
);

/** Stretches of quiet hours in a day. */
export const MOST_QUIET_HOURS = 8;
const minuteOfDay = wholeUpTo(24 * 60 - 1);

export const limitsSchema = v.strictObject({
  maxRate: v.exactOptional(rate),
  share: wholeUpTo(100, 1),
  dailyCap: v.exactOptional(amount),
  monthlyCap: v.exactOptional(amount),
  allowMetered: v.boolean(),
  quietHours: v.pipe(
    v.array(v.strictObject({ from: minuteOfDay, to: minuteOfDay })),
    v.maxLength(MOST_QUIET_HOURS, `must be at most ${MOST_QUIET_HOURS} stretches`),
  ),
});

/** Unknown keys are dropped, not refused: an older version may read a newer one's file. */
const choicesSchema = v.object({
  consent: v.exactOptional(
    v.object({
      given: v.boolean(),
      text: hashField,
      language: v.pipe(v.string(), v.regex(/^[a-zA-Z0-9-]{2,35}$/)),
      at: time,
    }),
  ),
  pause: v.variant("state", [
    v.object({ state: v.literal("running") }),
    v.object({ state: v.literal("paused"), until: v.exactOptional(time) }),
  ]),
  limits: v.object(limitsSchema.entries),
});

/** undefined for a text that is not a household's choices. */
export function parseChoices(text: string): Choices | undefined {
  const parsed = v.safeParse(choicesSchema, parseJson(text));
  return parsed.success ? parsed.output : undefined;
}

/** Whatever of two choices shares less, limit by limit. */
export function tighterOf(a: Limits, b: Limits): Limits {
  const lower = <T extends number>(one: T | undefined, other: T | undefined) =>
    one === undefined || (other !== undefined && other < one) ? other : one;
  const maxRate = lower(a.maxRate, b.maxRate);
  const dailyCap = lower(a.dailyCap, b.dailyCap);
  const monthlyCap = lower(a.monthlyCap, b.monthlyCap);
  const more = b.quietHours.filter(
    ({ from, to }) => !a.quietHours.some((other) => other.from === from && other.to === to),
  );
  const quietHours = [...a.quietHours, ...more];
  return {
    ...(maxRate !== undefined && { maxRate }),
    ...(dailyCap !== undefined && { dailyCap }),
    ...(monthlyCap !== undefined && { monthlyCap }),
    share: Math.min(a.share, b.share),
    allowMetered: a.allowMetered && b.allowMetered,
    // more stretches than can be stored are the whole day
    quietHours: quietHours.length <= MOST_QUIET_HOURS ? quietHours : [{ from: 0, to: 0 }],
  };
}
