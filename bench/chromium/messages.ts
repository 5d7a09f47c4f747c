import type { RowResult, Settings } from '../measure.ts';

/** What is asked of the page: which rows, and how long. */
export interface Request {
  /** Names of rows. */
  readonly rows: readonly string[];
  readonly settings: Settings;
}

/** What the page tells while it measures. */
export type Message =
  | { readonly kind: 'start'; readonly facts: readonly string[] }
  | { readonly kind: 'row'; readonly result: RowResult }
  | { readonly kind: 'end'; readonly sink: number };
