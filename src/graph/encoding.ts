import type { Shape } from '../base/shape.ts';
import type { SparsePattern } from './sparse.ts';

/** How the numbers of a weight are stored. Encodings stand beside operations, not inside them. */
export interface Encodings {
  readonly float32: { readonly values: Float32Array };
  readonly float64: { readonly values: Float64Array };
  /** Symmetric, with a scale for each index of the last axis: w = scale·q (Jacob et al. 2018, arXiv 1712.05877). */
  readonly int8: { readonly values: Int8Array; readonly scales: Float32Array };
  /**
   * Small whole numbers, levels, in groups of a column: w = scale·level, in float32. The matrix [terms, units] has a scale for
   * each `group` rows and each column, [⌈terms/group⌉, units]. `values` are its codes one after another, row by row, in `bits`
   * each, the first in the lowest bits of the first byte; what is behind the last is 0. A level is its code less the zero
   * point of its group, or where there are none less 2^(bits - 1); of one bit it is -1 or 1.
   */
  readonly levels: {
    readonly values: Uint8Array;
    readonly bits: LevelCodeBits;
    /** Rows that share a scale, at least 1. */
    readonly group: number;
    readonly scales: Float32Array;
    /** Codes, one for each scale; null where zero lies in the middle, and for one bit. */
    readonly zeroPoints: Uint8Array | null;
  };
  /** Fixed point, as machines without floats have it: w = q·2^-fraction, one power of two for all (the Q format). */
  readonly fixed: { readonly values: Int8Array | Int16Array; readonly fraction: number };
  /** IEEE 754 binary16, as its bits: 11 bits of precision, from 2⁻²⁴ to 65504. */
  readonly float16: { readonly values: Uint16Array };
  /** The upper halves of float32 (bfloat16): its range with 8 bits of precision. */
  readonly bfloat16: { readonly values: Uint16Array };
  /**
   * Numbers that share their values (Han et al. 2016, section 3): w = centroids[code], to the bit. Codes are a byte each and below
   * the count of centroids, 1 to 256, which may be any float32. A masked number has a code whose centroid is 0.
   */
  readonly palette: { readonly values: Uint8Array; readonly centroids: Float32Array };
  /**
   * Numbers that share a few values by chance (HashedNets, Chen et al. 2015): number i is one of the values, or that times -1;
   * which one and which sign a hash of the seed, a uint32, and of i says (`hashed.ts`). It has no mask.
   */
  readonly hashed: { readonly values: Float32Array; readonly seed: number };
  /** A bias of an integer product, in units of the scale of its input times those of its kernel. */
  readonly int32: { readonly values: Int32Array };
  /** Of a kernel [..., units] the numbers that a pattern holds, [blocks][width]; the others are 0 and pruned. */
  readonly sparse: SparsePattern & { readonly values: Float32Array };
  /** The same in int8, in panels of sixteen. */
  readonly sparseInt8: SparsePattern & { readonly values: Int8Array; readonly scales: Float32Array };
}
/** Bits of a code of `levels`. */
export type LevelCodeBits = 1 | 2 | 4 | 8;
export type EncodingName = keyof Encodings;
export type EncodingOf<E extends EncodingName> = { readonly type: E } & Encodings[E];
/** Encodings that stand for every number of a weight. */
export type DenseName = Exclude<EncodingName, keyof typeof DENSE_OF>;
export type Encoding = { [E in EncodingName]: EncodingOf<E> }[EncodingName];

/** Encodings that leave numbers out, and what they are with all of them. */
export const DENSE_OF = { sparse: 'float32', sparseInt8: 'int8' } as const;

export const isSparse = (encoding: Encoding): encoding is EncodingOf<'sparse'> | EncodingOf<'sparseInt8'> =>
  Object.hasOwn(DENSE_OF, encoding.type);

/** Encodings whose numbers are a few that many places share. */
export const isShared = (encoding: Encoding): encoding is EncodingOf<'palette'> | EncodingOf<'hashed'> =>
  encoding.type === 'palette' || encoding.type === 'hashed';
/** The most centroids of a palette: a code is a byte. */
export const MOST_CENTROIDS = 256;

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

/** Numbers by themselves as a weight. */
export const float32Stored = (shape: Shape, values: Float32Array): Stored => ({
  shape,
  encoding: { type: 'float32', values },
  mask: null,
});

/** A weight with all its numbers. */
export interface DenseStored extends Stored {
  readonly encoding: { [E in DenseName]: EncodingOf<E> }[DenseName];
}
