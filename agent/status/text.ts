/** The page's words, by language. */
import { de } from "./text-de.ts";
import { en, type Texts } from "./text-en.ts";

export type Language = "en" | "de";
export type { Texts };

export const languages: Readonly<Record<Language, Texts>> = { en, de };

export const isLanguage = (text: string): text is Language => Object.hasOwn(languages, text);

/** The first language of Accept-Language that there is; English otherwise. */
export function preferredLanguage(header: string | undefined): Language {
  const asked = (header ?? "").slice(0, 200).split(",");
  const tags = asked.map((entry) => entry.trim().slice(0, 2).toLowerCase());
  return tags.find(isLanguage) ?? "en";
}
