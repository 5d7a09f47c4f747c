import type { Shape } from '../base/shape.ts';
import type { Refusal } from './attributes.ts';
import { isScale } from './check.ts';
import type { EncodingName, EncodingOf } from './encoding.ts';

/** A kernel as products of integers read it: int8 with a scale for each index of its last axis, of the numbers that are held. */
export type Integers = EncodingOf<'int8'> | EncodingOf<'sparseInt8'>;

/** What is asked of an encoding. */
export interface EncodingFacts<E extends EncodingName> {
  /** Throws unless its arrays and numbers are those of the weight. */
  readonly check: (encoding: EncodingOf<E>, at: Checked) => void;
  /** Its integer form; null for a weight that has none, as all have where this is left out. */
  readonly integers?: (encoding: EncodingOf<E>, shape: Shape) => Integers | null;
}

/** One row an encoding. */
export type AllEncodings = { readonly [E in EncodingName]: EncodingFacts<E> };
/** Those that the weights of a network may have. */
export type EncodingRows = Partial<AllEncodings>;

/** A weight [terms, units] of n numbers that is checked. */
export interface Checked {
  readonly n: number;
  readonly terms: number;
  readonly units: number;
  readonly mask: Uint8Array | null;
  readonly fail: Refusal;
  /** Throws unless a field is an array of the class and the length, and each of its numbers as it should be. */
  readonly has: (
    field: string,
    data: ArrayLike<number>,
    array: ArrayClass,
    length: number,
    holds?: (x: number) => boolean,
    wanted?: string,
  ) => void;
}
export type ArrayClass = new (length: number) => ArrayLike<number>;

/** Throws unless there is a number of the type for each of the weight. */
export const allIn =
  (array: ArrayClass): EncodingFacts<EncodingName>['check'] =>
  ({ values }, { n, has }) =>
    has('values', values, array, n);

/** Those of networks in real numbers and in int8. */
export const INT8_ENCODINGS: Pick<AllEncodings, 'float32' | 'float64' | 'int8' | 'int32'> = {
  float32: { check: allIn(Float32Array) },
  float64: { check: allIn(Float64Array) },
  int8: {
    check: (encoding, at) => {
      allIn(Int8Array)(encoding, at);
      checkScales(encoding, at.units, at);
    },
    integers: (encoding) => encoding,
  },
  int32: { check: allIn(Int32Array) },
};

export const checkScales = ({ scales }: { readonly scales: Float32Array }, length: number, { has }: Checked): void =>
  has('scales', scales, Float32Array, length, isScale, 'positive and finite');
