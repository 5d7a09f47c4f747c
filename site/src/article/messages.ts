import type { ShownReport, ShownResult } from '../../../lab/src/article/shown.ts';

/** What the page asks of the worker that measures claims. */
export type Command =
  /** All claims in words, where the page was built without recorded results. */
  | { readonly kind: 'list' }
  /** The quick form of a claim; those that are asked for while one is measured wait. */
  | { readonly kind: 'run'; readonly id: string }
  /** Ends what is measured, after the seed that it is at, and forgets what waits. */
  | { readonly kind: 'stop' };

/** What the worker tells. */
export type Event =
  | { readonly kind: 'list'; readonly report: ShownReport }
  /** So many seeds are done. */
  | { readonly kind: 'seed'; readonly id: string; readonly done: number; readonly of: number }
  | { readonly kind: 'result'; readonly id: string; readonly result: ShownResult; readonly milliseconds: number }
  | { readonly kind: 'stopped'; readonly id: string }
  | { readonly kind: 'failed'; readonly id: string; readonly message: string };
