import { html, type Markup } from '../html.ts';
import { type Bilingual, LANGUAGES } from './bilingual.ts';

/** Both languages, of which the page shows one. */
export const say = (text: Bilingual): Markup =>
  html`${text.en === text.zh ? text.en : LANGUAGES.map((language) => html`<span lang="${language}">${text[language]}</span>`)}`;

/** What differs in more than its words. */
export const each = (part: (language: (typeof LANGUAGES)[number]) => Markup): Markup =>
  html`${LANGUAGES.map((language) => html`<div lang="${language}">${part(language)}</div>`)}`;
