/** First strong isolate and its end: readers do not see them, and `Foreign.svelte` finds what is English by them. */
const [BEGIN, END] = ['\u2068', '\u2069'];

/** A sentence of the library, in a text of another language. */
export const inEnglish = (sentence: string): string => `${BEGIN}${sentence}${END}`;

/** What is said in the page's language and in English, by turns; the first is in the page's, and may be empty. */
export const spoken = (text: string): readonly string[] => text.split(/[\u2068\u2069]/);
