/** One text in both languages of the page. */
export interface Bilingual {
  readonly en: string;
  readonly zh: string;
}

export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

/** What both languages write alike, such as a unit. */
export const both = (text: string): Bilingual => ({ en: text, zh: text });

/** Of figures without a unit. */
export const NO_UNIT: Bilingual = both('');
