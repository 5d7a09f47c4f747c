import type { Component } from 'svelte';
import { LATER } from '../fit/later.ts';
import type { Lab } from '../state/lab.svelte.ts';
import { LANGUAGES } from '../state/ranges.ts';
import type { Settings } from '../state/settings.ts';
import { WORDS } from '../text/words.ts';

/** What every part of the page is given. */
export type Part = Component<{ lab: Lab }>;

/** The parts by the tab that shows them; each is loaded when it is first needed. */
export const PARTS: { readonly [T in Settings['tab']]: () => Promise<Part> } = {
  fit: async () => (await import('../fit/Fit.svelte')).default,
  compress: async () => (await import('../compress/Compress.svelte')).default,
  digits: async () => (await import('../digits/Digits.svelte')).default,
  kernels: async () => (await import('../kernels/Kernels.svelte')).default,
  article: async () => (await import('../article/Article.svelte')).default,
};

/**
 * Loads all parts and words, first those of a language, one after the other, while the page has nothing else to do: from
 * then on it needs no network.
 */
export function preload(language: Settings['language']): void {
  const languages = [language, ...LANGUAGES.filter((other) => other !== language)];
  const words = languages.flatMap((each): (() => Promise<unknown>)[] => Object.values(WORDS[each]));
  const waiting: (() => Promise<unknown>)[] = [...Object.values(LATER), ...Object.values(PARTS), ...words];
  const next = (): void => {
    const load = waiting.shift();
    // What does not load now is tried again, and says so, when it is asked for.
    if (load !== undefined) void load().then(later, later);
  };
  const later = (): void => {
    if (typeof requestIdleCallback === 'function') requestIdleCallback(next, { timeout: 3000 });
    else setTimeout(next, 500);
  };
  later();
}
