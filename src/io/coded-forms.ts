import { elementsOf, type Shape } from '../base/shape.ts';
import type { EncodingName, Encodings } from '../graph/encoding.ts';
import type { CodeName } from './codes/code.ts';

/**
 * Coded weights: all that is known of them in one tensor of bytes, `coded.<code>`, weight after weight. A number is a varint,
 * seven bits a byte, the lowest first; all bytes but the last have their highest bit set. Of each weight there is
 *
 * - a number: that of its form below, and 16 more if there are places, 32 for a mask, 64 if what is masked is there too;
 * - how many axes its shape has, and the shape;
 * - the fields of its form in their order: a number less what stands in the table; of an array how many it has and one more, 0
 *   for null, which zero points alone may be, and the array;
 * - of a sparse weight the places of its blocks, as in a matrix [panels, rows];
 * - the places of the numbers that are held, as in a matrix [terms, units]: those that the mask lets live, or that are not 0;
 * - the numbers that are held as an array, all where 64 is there or no places are. Codes are a byte each.
 *
 * Places are a number, how many bytes they take, and these. An array that is not empty is a number, twice how many bytes it
 * takes and one more if they are not coded, and these: its numbers as they lie in memory, little-endian, or their code.
 */
export const FORM_BITS = 15;
export const HAS_PLACES = 16;
export const HAS_MASK = 32;
export const IS_WHOLE = 64;

export interface ArrayType {
  readonly BYTES_PER_ELEMENT: number;
  new (from: number | ArrayBuffer): Numbers;
}
type Numbers = Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array;

export interface Row<E extends EncodingName = EncodingName> {
  /** Types of the numbers by the number of the form; null where they are a field like the others. */
  readonly forms: Readonly<Record<number, ArrayType | null>>;
  /** What else there is: arrays, or whole numbers, none of which is below the one here. */
  readonly fields?: Partial<Record<keyof Encodings[E], number | ArrayType>>;
  /** The array that may be null. */
  readonly nullable?: keyof Encodings[E];
}

/** One row an encoding. */
export const CODED: { readonly [E in EncodingName]: Row<E> } = {
  float32: { forms: { 0: Float32Array } },
  float64: { forms: { 1: Float64Array } },
  int8: { forms: { 2: Int8Array }, fields: { scales: Float32Array } },
  int32: { forms: { 3: Int32Array } },
  levels: {
    forms: { 4: Uint8Array },
    fields: { bits: 0, group: 0, scales: Float32Array, zeroPoints: Uint8Array },
    nullable: 'zeroPoints',
  },
  fixed: { forms: { 5: Int8Array, 6: Int16Array }, fields: { fraction: -128 } },
  float16: { forms: { 7: Uint16Array } },
  bfloat16: { forms: { 8: Uint16Array } },
  palette: { forms: { 9: Uint8Array }, fields: { centroids: Float32Array } },
  hashed: { forms: { 10: null }, fields: { seed: 0, values: Float32Array } },
  sparse: { forms: { 11: Float32Array }, fields: { width: 0 } },
  sparseInt8: { forms: { 12: Int8Array }, fields: { width: 0, scales: Float32Array } },
};

/** Rows and columns of a weight of the shape. */
export const matrixOf = (shape: Shape): [terms: number, units: number] => [
  elementsOf(shape.slice(0, -1)),
  shape.at(-1) ?? 1,
];

/**
 * What a code walks over that its bytes do not answer for (`Walk`): a step for each place, and 8 for each byte of an array. Places and
 * bits are 4 steps each for the range coder, which takes about as much longer; it also sets up models, of 8 steps for each row and
 * column, and of 65536 for each byte of a number. 64 steps for each byte of the code are free. So are memory and time bounded by
 * the length of a file.
 */
export const excessOf = (steps: number, length: number): number => Math.max(0, steps - 64 * length);
export const cellSteps = (code: CodeName, rows: number, columns: number): number =>
  code === 'range' ? 4 * rows * columns + 8 * (rows + columns) : rows * columns;
export const stepsOf = (code: CodeName, n: number, planes: number): number =>
  (code === 'range' ? 32 : 8) * n * planes + (code === 'range' ? 65536 * planes : 0);
