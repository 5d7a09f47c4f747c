import type { en } from './en.ts';

/** All words of the page. English is the original; every other language has each of them. */
export type Text = typeof en;
