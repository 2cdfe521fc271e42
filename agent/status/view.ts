/** All that one rendering of the page needs, taken from the sources at one moment. */
import { formatBytes, formatRate, formatTokens } from "../core/quantity.ts";
import type { Access } from "./access.ts";
import { consentText } from "./consent-text.ts";
import { formatTime } from "./local-time.ts";
import type { RateHistory } from "./rate-history.ts";
import type { StatusSources } from "./sources.ts";
import { isLanguage, type Language, languages, type Texts } from "./text.ts";

export interface Note {
  readonly kind: "good" | "bad";
  readonly text: string;
}

export type View = ReturnType<typeof viewOf>;

export interface ViewOptions {
  readonly sources: StatusSources;
  readonly history: RateHistory;
  readonly language: Language;
  readonly access: Access;
  readonly note: Note | undefined;
}

export function viewOf({ sources, history, language, access, note }: ViewOptions) {
  const texts: Texts = languages[language];
  const { choices } = sources.household;
  const offset = sources.utcOffsetMinutes();
  const consent = consentText(language);
  return {
    texts,
    language,
    access,
    note,
    sharing: sources.sharing(),
    history: history.points,
    choices,
    usage: sources.usage(),
    earnings: sources.earnings(),
    health: sources.health.list(),
    titles: sources.content.titles(),
    blocked: sources.content.blocked(),
    capacity: sources.content.capacity,
    consentText: consent,
    consent: consentStatus(sources),
    box: sources.box,
    version: sources.version,
    environment: sources.environment,
    time: (at: Parameters<typeof formatTime>[0]) => formatTime(at, offset, language),
    rate: (value: number) => number(formatRate(value), language),
    bytes: (value: number) => number(formatBytes(value), language),
    tokens: (value: bigint) => number(shortTokens(value), language),
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

const number = (text: string, language: Language) =>
  language === "de" ? text.replace(".", ",") : text;
