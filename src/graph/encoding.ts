import type { Shape } from '../base/shape.ts';
import type { SparsePattern } from './sparse.ts';

/** How the numbers of a weight are stored. Encodings stand beside operations, not inside them. */
export interface Encodings {
  readonly float32: { readonly values: Float32Array };
  readonly float64: { readonly values: Float64Array };
  /** Symmetric, with a scale for each index of the last axis: w = scale·q (Jacob et al. 2018, arXiv 1712.05877). */
  readonly int8: { readonly values: Int8Array; readonly scales: Float32Array };
  /** A bias of an integer product, in units of the scale of its input times those of its kernel. */
  readonly int32: { readonly values: Int32Array };
  /** Of a kernel [..., units] the numbers that a pattern holds, [blocks][width]; the others are 0 and pruned. */
  readonly sparse: SparsePattern & { readonly values: Float32Array };
  /** The same in int8, in panels of sixteen. */
  readonly sparseInt8: SparsePattern & { readonly values: Int8Array; readonly scales: Float32Array };
}
export type EncodingName = keyof Encodings;
export type EncodingOf<E extends EncodingName> = { readonly type: E } & Encodings[E];
/** Encodings that hold every number of a weight. */
export type DenseName = Exclude<EncodingName, keyof typeof DENSE_OF>;
export type Encoding = { [E in EncodingName]: EncodingOf<E> }[EncodingName];

/** Encodings that leave numbers out, and what they are with all of them. */
export const DENSE_OF = { sparse: 'float32', sparseInt8: 'int8' } as const;

export const isSparse = (encoding: Encoding): encoding is EncodingOf<'sparse'> | EncodingOf<'sparseInt8'> =>
  Object.hasOwn(DENSE_OF, encoding.type);

/** A weight as files and programs hold it. */
export interface Stored {
  readonly shape: Shape;
  readonly encoding: Encoding;
  /**
   * 1 where a number may live, 0 where it was pruned; null when nothing is pruned. What a sparse encoding does not hold is
   * pruned without a mask, which it need not have.
   */
  readonly mask: Uint8Array | null;
}

/** A weight with all its numbers. */
export interface DenseStored extends Stored {
  readonly encoding: { [E in DenseName]: EncodingOf<E> }[DenseName];
}
