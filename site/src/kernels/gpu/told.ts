import type { Message } from '../../../../bench/gpu/results.ts';

/** What the frame tells the page: that it is there, what it measures, and that it could not go on. */
export type Told = Message | { readonly kind: 'ready' } | { readonly kind: 'failed'; readonly message: string };
