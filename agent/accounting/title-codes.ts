/** What a title is called by: as a manifest holds it, as a file's tags give it, as people type it. */

export interface TextForm {
  /** Of ASCII characters alone. */
  readonly pattern: RegExp;
  readonly longest: number;
}

/** Short name for people and URLs. */
export const SLUG: TextForm = { pattern: /^[a-z0-9][a-z0-9-]*$/, longest: 64 };
/** Of a recording (ISO 3901), without hyphens. */
export const ISRC: TextForm = { pattern: /^[A-Z]{2}[A-Z0-9]{3}[0-9]{7}$/, longest: 12 };
/** Of a musical work (ISO 15707), without dots and hyphens. */
export const ISWC: TextForm = { pattern: /^T[0-9]{10}$/, longest: 11 };

export const fits = (text: string, { pattern, longest }: TextForm) =>
  text.length <= longest && pattern.test(text);
