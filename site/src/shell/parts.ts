import type { Component } from 'svelte';
import type { Lab } from '../state/lab.svelte.ts';
import type { Settings } from '../state/settings.ts';

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

/** Loads all parts, one after the other, while the page has nothing else to do: from then on it needs no network. */
export function preload(): void {
  const waiting = Object.values(PARTS);
  const next = (): void => {
    const load = waiting.shift();
    // A part that does not load now is tried again, and says so, when it is asked for.
    if (load !== undefined) void load().then(later, later);
  };
  const later = (): void => {
    if (typeof requestIdleCallback === 'function') requestIdleCallback(next, { timeout: 3000 });
    else setTimeout(next, 500);
  };
  later();
}
