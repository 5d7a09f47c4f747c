import { LimitError } from '../base/errors.ts';
import { refusing } from './attributes.ts';
import { type EncodingOf, isSparse } from './encoding.ts';
import type { QuantizationParams } from './graph.ts';
import { eachHeld } from './sparse.ts';

/** Sums of int8 products that int32 holds for certain: 131,071·128·128 < 2³¹ and 66,000·255·127 < 2³¹. */
const MOST_TERMS = { false: 131_071, true: 66_000 };
const MAX_INT32 = 2 ** 31 - 1;

/** A product of int8 values and an int8 kernel [terms, columns], with its bias. */
export interface IntegerProduct {
  /** Of the node, for errors. */
  readonly name: string;
  readonly input: QuantizationParams;
  readonly output: QuantizationParams | null;
  readonly kernel: EncodingOf<'int8'> | EncodingOf<'sparseInt8'>;
  readonly terms: number;
  readonly bias: EncodingOf<'int32'> | undefined;
  /** Whether the kernel multiplies what a number is above its zero point, since what is outside of an image is 0. */
  readonly isCentred: boolean;
}

/**
 * The bias of an integer product. Where a kernel multiplies the stored integers as they are, the zero point of its input is
 * folded in: Σ(q - z)·w + b = Σq·w + (b - z·Σw). Throws LimitError where a sum could leave int32.
 */
export function foldedBias({ name, input, kernel, terms, bias, isCentred }: IntegerProduct): Int32Array {
  const { values, scales } = kernel;
  const columns = scales.length;
  const most = MOST_TERMS[`${isCentred}`];
  if (terms > most) throw new LimitError('network', `the number of terms of node "${name}"`, terms, most);
  const sums = new Float64Array(columns);
  const magnitudes = new Float64Array(columns);
  const add = (place: number, i: number): void => {
    const j = place % columns;
    const w = values[i]!;
    sums[j] = sums[j]! + w;
    magnitudes[j] = magnitudes[j]! + Math.abs(w);
  };
  if (isSparse(kernel)) eachHeld(kernel, columns, add);
  else for (let i = 0; i < values.length; i++) add(i, i);
  return Int32Array.from(sums, (sum, j) => {
    const folded = (bias?.values[j] ?? 0) - (isCentred ? 0 : input.zeroPoint * sum);
    const largest = (isCentred ? 255 : 128) * magnitudes[j]! + Math.abs(folded);
    if (largest > MAX_INT32)
      throw new LimitError('network', `the largest int32 sum of node "${name}", column ${j},`, largest, MAX_INT32);
    return folded;
  });
}

/** What an int32 sum of each column is multiplied with: to real numbers, or to the integers of the output. */
export function columnScales({ input, output, kernel }: IntegerProduct): Float32Array {
  const divisor = output?.scale ?? 1;
  return kernel.scales.map((scale) => (input.scale * scale) / divisor);
}

/** Throws unless the product can be computed: no sum leaves int32, and scales are finite. */
export function checkProduct(product: IntegerProduct): void {
  foldedBias(product);
  const wrong = columnScales(product).find((scale) => !Number.isFinite(scale));
  if (wrong !== undefined) refusing(`node "${product.name}"`)('scales', 'finite when multiplied in float32', wrong);
}
