import type { Shape } from '../base/shape.ts';
import type { Refusal } from './attributes.ts';
import { isScale } from './check.ts';
import type { EncodingName, EncodingOf } from './encoding.ts';

/** A kernel as products of integers read it: int8 with a scale for each column, with the numbers that are held. */
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
export const INT8_ENCODINGS: Pick<AllEncodings, 'float32' | 'float64' | 'int8' | 'int32' | 'sparse' | 'sparseInt8'> = {
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
  sparse: { check: (encoding, at) => checkPattern(encoding, at, Float32Array, [1, 4, 16]) },
  sparseInt8: {
    check: (encoding, at) => {
      checkPattern(encoding, at, Int8Array, [16]);
      checkScales(encoding, at.units, at);
    },
    integers: (encoding) => encoding,
  },
};

export const checkScales = ({ scales }: { readonly scales: Float32Array }, length: number, { has }: Checked): void =>
  has('scales', scales, Float32Array, length, isScale, 'positive and finite');

/** Rows of a panel ascend and are rows of the matrix. Nothing but 0 is behind the last column. */
function checkPattern(
  encoding: EncodingOf<'sparse'> | EncodingOf<'sparseInt8'>,
  { units, n, fail, has }: Checked,
  array: ArrayClass,
  widths: readonly number[],
): void {
  const { width, starts, rows, values } = encoding;
  const terms = n / units;
  if (!widths.includes(width)) fail('width', widths.join(' or '), width);
  has('starts', starts, Int32Array, Math.ceil(units / width) + 1);
  has('rows', rows, Int32Array, starts.at(-1)!);
  has('values', values, array, rows.length * width);
  if (starts[0] !== 0) fail('starts[0]', '0', starts[0]);
  for (let p = 0; p + 1 < starts.length; p++) {
    let least = 0;
    for (let i = starts[p]!; i < starts[p + 1]!; i++) {
      const row = rows[i]!; // undefined where starts fall: the last is how many rows there are
      if (!(row >= least && row < terms)) fail(`rows[${i}]`, `from ${least} to ${terms - 1}`, row);
      least = row + 1;
      for (let at = i * width + units - p * width; at < (i + 1) * width; at++)
        if (!Object.is(values[at], 0)) fail(`values[${at}]`, '0', values[at]);
    }
  }
}
