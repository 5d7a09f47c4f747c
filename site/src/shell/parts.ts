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
