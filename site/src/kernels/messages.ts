import type { RowResult } from '../../../bench/measure.ts';
import type { Peak } from '../../../bench/roofline.ts';
import type { Missing } from '../../../bench/tables.ts';
import type { Choice } from './ladders.ts';

export type Patience = 'quick' | 'thorough';

/** What the page asks of the worker: one row. A worker that is to stop is ended. */
export interface Request {
  readonly choice: Choice;
  readonly patience: Patience;
  /** Whether the machine's peak is to be measured first. */
  readonly measuresPeak: boolean;
}

/** What the worker tells. */
export type Told =
  | { readonly kind: 'peak'; readonly peak: Peak }
  /** Tables of kernels that this browser cannot run. */
  | { readonly kind: 'missing'; readonly missing: readonly Missing[] }
  /** Rung `at` of `of` is checked against the reference and warmed up. */
  | { readonly kind: 'preparing'; readonly who: string; readonly how: string; readonly at: number; readonly of: number }
  | { readonly kind: 'measured'; readonly result: RowResult; readonly rounds: number; readonly isDone: boolean }
  | { readonly kind: 'failed'; readonly message: string };
