/** The page's words, by language. */
import { de } from "./text-de.ts";
import { en, type Texts } from "./text-en.ts";

export type Language = "en" | "de";
export type { Texts };

export const languages: Readonly<Record<Language, Texts>> = { en, de };

export const isLanguage = (text: string): text is Language => Object.hasOwn(languages, text);

/** The language there is that Accept-Language weighs most (RFC 9110 §12.5.4); English otherwise. */
export function preferredLanguage(header: string | undefined): Language {
  const asked = (header ?? "").slice(0, 200).split(",").map(parseEntry);
  const liked = asked.filter(({ weight }) => weight > 0).sort((a, b) => b.weight - a.weight);
  return liked.map(({ tag }) => tag).find(isLanguage) ?? "en";
}

/** "de-AT;q=0.8"; a weight that is none counts as the full one. */
function parseEntry(entry: string) {
  const weight = Number(/;\s*q=([01](?:\.\d{0,3})?)\s*$/i.exec(entry)?.[1] ?? 1);
  return { tag: entry.trim().slice(0, 2).toLowerCase(), weight };
}
