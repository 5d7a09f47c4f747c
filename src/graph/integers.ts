import { LimitError } from '../base/errors.ts';
import { refusing } from './attributes.ts';
import type { EncodingOf } from './encoding.ts';
import type { QuantizationParams } from './graph.ts';

/** The largest sum of int8 products that int32 holds for certain: 131,071·128·128 < 2³¹. */
const MOST_INT8_TERMS = 131_071;
const MAX_INT32 = 2 ** 31 - 1;

/** A product of int8 values and an int8 kernel [terms, columns], with its bias. */
export interface IntegerProduct {
  /** Of the node, for errors. */
  readonly name: string;
  readonly input: QuantizationParams;
  readonly output: QuantizationParams | null;
  readonly kernel: EncodingOf<'int8'>;
  readonly bias: EncodingOf<'int32'> | undefined;
}

/**
 * The bias of an integer product with the zero point of its input folded in, so that a kernel multiplies the stored
 * integers as they are: Σ(q - z)·w + b = Σq·w + (b - z·Σw). Throws LimitError where a sum could leave int32.
 */
export function foldedBias({ name, input, kernel, bias }: IntegerProduct): Int32Array {
  const { values, scales } = kernel;
  const columns = scales.length;
  const terms = columns === 0 ? 0 : values.length / columns;
  if (terms > MOST_INT8_TERMS)
    throw new LimitError('network', `the number of terms of node "${name}"`, terms, MOST_INT8_TERMS);
  const sums = new Float64Array(columns);
  const magnitudes = new Float64Array(columns);
  for (let i = 0; i < terms; i++) {
    for (let j = 0; j < columns; j++) {
      const w = values[i * columns + j]!;
      sums[j] = sums[j]! + w;
      magnitudes[j] = magnitudes[j]! + Math.abs(w);
    }
  }
  return Int32Array.from(sums, (sum, j) => {
    const folded = (bias?.values[j] ?? 0) - input.zeroPoint * sum;
    const largest = 128 * magnitudes[j]! + Math.abs(folded);
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
