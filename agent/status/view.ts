/** All that one rendering of the page needs, taken from the sources at one moment. */
import { formatBytes, formatRate, formatTokens } from "../core/quantity.ts";
import type { UnixSeconds } from "../core/units.ts";
import type { Access } from "./access.ts";
import { consentText } from "./consent-text.ts";
import type { LimitField, Typed } from "./limits-form.ts";
import { formatTime } from "./local-time.ts";
import type { RateHistory } from "./rate-history.ts";
import type { StatusSources } from "./sources.ts";
import { isLanguage, type Language, languages, type Texts } from "./text.ts";

export interface Note {
  readonly kind: "good" | "bad";
  readonly text: string;
}

export type View = ReturnType<typeof viewOf>;

/** What one rendering says beside the state of the box. */
export interface Shown {
  readonly note?: Note | undefined;
  /** Limits that were not accepted, as they were typed. */
  readonly typed?: (Typed & { readonly wrong: LimitField }) | undefined;
  /** Records older than this one are shown; the newest when absent. */
  readonly before?: number | undefined;
}

export interface ViewOptions extends Shown {
  readonly sources: StatusSources;
  readonly history: RateHistory;
  readonly language: Language;
  readonly access: Access;
}

/** Records on one page. */
const RECORDS_SHOWN = 8;

export function viewOf({ sources, history, language, access, note, typed, before }: ViewOptions) {
  const texts: Texts = languages[language];
  const { choices } = sources.household;
  const consent = consentText(language);
  return {
    texts,
    language,
    access,
    note,
    typed,
    sharing: sources.sharing(),
    history: history.points,
    choices,
    maker: sources.maker,
    usage: sources.usage(),
    earnings: sources.earnings(),
    health: sources.health.list(),
    titles: sources.content.titles(),
    blocked: sources.content.blocked(),
    capacity: sources.content.capacity,
    /** Read only where it is shown: the journal may be long. */
    records: () => {
      const rows = sources.records(RECORDS_SHOWN + 1, before);
      return {
        rows: rows.slice(0, RECORDS_SHOWN),
        more: rows.length > RECORDS_SHOWN,
        paged: before !== undefined,
      };
    },
    consentText: consent,
    consent: consentStatus(sources),
    box: sources.box,
    version: sources.version,
    environment: sources.environment,
    time: (at: UnixSeconds) => formatTime(at, sources.utcOffsetMinutes(at), language),
    number: (text: string) => localNumber(text, language),
    rate: (value: number) => localNumber(formatRate(value), language),
    bytes: (value: number) => localNumber(formatBytes(value), language),
    tokens: (value: bigint) => localNumber(shortTokens(value), language),
  };
}

/** A text that has changed since is asked again, though the old consent holds until it is withdrawn. */
function consentStatus(sources: StatusSources): "given" | "changed" | "missing" {
  const { consent } = sources.household.choices;
  if (!consent?.given) return "missing";
  const { language, text } = consent;
  return isLanguage(language) && consentText(language).hash === text ? "given" : "changed";
}

/** Four places are enough on a wall; the records and the API have all of them. */
function shortTokens(amount: bigint): string {
  const [whole = "0", fraction = ""] = formatTokens(amount).split(".");
  return `${whole}.${fraction.slice(0, 4).padEnd(2, "0")}`;
}

const localNumber = (text: string, language: Language) =>
  language === "de" ? text.replace(".", ",") : text;
