import type { CompressReason } from './refusal-compress.ts';
import type { TableReason } from './table-problems.ts';

/** Why a command is not followed, as data: the page says it in words of its language. */
export type Reason =
  | CompressReason
  | TableReason
  | { readonly kind: 'nothing started' }
  | { readonly kind: 'all epochs trained'; readonly epochs: number }
  | { readonly kind: 'too few points'; readonly points: number; readonly least: number }
  | { readonly kind: 'one class'; readonly name: string }
  | { readonly kind: 'one number'; readonly number: number }
  | { readonly kind: 'too few of a class'; readonly name: string; readonly samples: number; readonly least: number }
  | { readonly kind: 'too many rows'; readonly rows: number; readonly most: number }
  | { readonly kind: 'no table' }
  | { readonly kind: 'hinge of classes'; readonly classes: number }
  | { readonly kind: 'other output'; readonly loss: string }
  | { readonly kind: 'no such neuron'; readonly layer: number; readonly unit: number }
  | { readonly kind: 'bad sample'; readonly wanted: number; readonly given: number }
  | { readonly kind: 'bad setting'; readonly name: string; readonly value: unknown; readonly wanted: string }
  /** What has no words of the page: a sentence of the library, or of the browser. */
  | { readonly kind: 'unexplained'; readonly sentence: string };

/** A command that cannot be followed. It says why as data: the sentences are the page's, in its languages. */
export class Refusal extends Error {
  readonly reason: Reason;

  constructor(reason: Reason) {
    super(reason.kind);
    this.reason = reason;
  }
}
