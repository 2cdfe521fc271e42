/** The state of a box as the API tells it: JSON without bigint, with the texts beside the codes. */
import { formatTokens } from "../core/quantity.ts";
import { consentText } from "./consent-text.ts";
import type { StatusSources } from "./sources.ts";
import { type Language, languages } from "./text.ts";

export function overview(sources: StatusSources, language: Language) {
  const { verdict, ...now } = sources.sharing();
  const { pause, limits, consent } = sources.household.choices;
  const { maxRate, ...maker } = sources.maker;
  return {
    box: sources.box,
    version: sources.version,
    environment: sources.environment,
    uptimeMs: Math.round(sources.uptime()),
    sharing: {
      state: verdict.state,
      reason: verdict.reason,
      text: languages[language].reasons[verdict.reason],
      ...(verdict.state === "sharing" && {
        allowedRate: verdict.rate,
        maxStreams: verdict.maxStreams,
      }),
      ...now,
    },
    usage: sources.usage(),
    earnings: earnings(sources),
    pause,
    limits,
    maker: { ...maker, ...(maxRate > 0 && { maxRate }) },
    consent: { given: sources.household.consented, ...(consent && { at: consent.at }) },
    health: sources.health.list(),
  };
}

export function earnings(sources: StatusSources) {
  const { credited, asOf, ...rest } = sources.earnings();
  return {
    credited: formatTokens(credited),
    creditedMicroTokens: String(credited),
    ...(asOf !== undefined && { asOf }),
    ...rest,
  };
}

/** What a household is asked to agree to, and what it said. */
export function consentState(sources: StatusSources, language: Language) {
  const text = consentText(language);
  const choice = sources.household.choices.consent;
  return {
    given: sources.household.consented,
    ...(choice && { choice }),
    text: { language, hash: text.hash, paragraphs: text.paragraphs },
  };
}
