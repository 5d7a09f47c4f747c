import { LimitError, ValueError } from '../base/errors.ts';
import type { Shape } from '../base/shape.ts';
import { refusing } from './attributes.ts';
import { type Encoding, type EncodingName, type EncodingOf, isSparse } from './encoding.ts';
import type { EncodingFacts, EncodingRows, Integers } from './encoding-facts.ts';
import type { IntegerRule, QuantizationParams } from './graph.ts';
import { eachHeld } from './sparse.ts';

/** Sums of int8 products that int32 holds for certain: 131,071·128·128 < 2³¹ and 66,000·255·127 < 2³¹. */
const MOST_TERMS = { false: 131_071, true: 66_000 };
const MAX_INT32 = 2 ** 31 - 1;

/** A weight as products of integers read it; null where its encoding has no such form. */
export type IntegersIn = (encoding: Encoding, shape: Shape) => Integers | null;

export const integersBy = (encodings: EncodingRows, encoding: Encoding, shape: Shape): Integers | null =>
  (encodings[encoding.type] as EncodingFacts<EncodingName> | undefined)?.integers?.(encoding, shape) ?? null;

/** The same for one walk over a network: what nodes share is unpacked once. */
export function integersOnce(encodings: EncodingRows): IntegersIn {
  const known = new Map<Encoding, { readonly units: number | undefined; readonly found: Integers | null }>();
  return (encoding, shape) => {
    const units = shape.at(-1);
    const before = known.get(encoding);
    if (before !== undefined && before.units === units) return before.found;
    const found = integersBy(encodings, encoding, shape);
    known.set(encoding, { units, found });
    return found;
  };
}

/** A product of int8 values and an int8 kernel [terms, columns], with its bias. */
export interface IntegerProduct {
  /** Of the node, for errors. */
  readonly name: string;
  readonly input: QuantizationParams;
  readonly output: QuantizationParams | null;
  /** How sums become int8. */
  readonly rule?: IntegerRule['rule'] | undefined;
  readonly kernel: Integers;
  readonly terms: number;
  readonly columns: number;
  /** How many of its numbers are of one column, side by side, before those of the next. */
  readonly inner: number;
  readonly bias: EncodingOf<'int32'> | undefined;
  /** Whether the kernel multiplies what a number is above its zero point, since what is outside of an image is 0. */
  readonly isCentred: boolean;
}

/**
 * The bias of an integer product. Where a kernel multiplies the stored integers as they are, the zero point of its input is
 * folded in: Σ(q - z)·w + b = Σq·w + (b - z·Σw). Throws LimitError where a sum could leave int32.
 */
export function foldedBias({
  name,
  input,
  kernel,
  terms,
  columns,
  inner,
  bias,
  isCentred,
}: IntegerProduct): Int32Array {
  const { values, scales } = kernel;
  const most = MOST_TERMS[`${isCentred}`];
  if (terms > most) throw new LimitError('network', `the number of terms of node "${name}"`, terms, most);
  const sums = new Float64Array(columns);
  const magnitudes = new Float64Array(columns);
  const add = (place: number, i: number): void => {
    const j = Math.floor(place / inner) % columns;
    const w = values[i]!;
    sums[j] = sums[j]! + w;
    magnitudes[j] = magnitudes[j]! + Math.abs(w);
  };
  if (isSparse(kernel)) eachHeld(kernel, scales.length, add);
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
export const columnScales = (product: IntegerProduct): Float32Array => Float32Array.from(columnFactors(product));

/** The same in float64; by the rule `xnnpack` each scale, their product and its quotient are float32. */
export function columnFactors({ input, output, rule, kernel: { scales }, columns }: IntegerProduct): number[] {
  const rounded = rule === 'xnnpack' && output !== null ? Math.fround : (x: number): number => x;
  const from = rounded(input.scale);
  const to = rounded(output?.scale ?? 1);
  // Scales along another axis than that of the columns are all one
  return Array.from({ length: columns }, (_, j) => rounded(rounded(from * (scales[j % scales.length] ?? 1)) / to));
}

/** A factor in whole numbers, multiplier·2^(shift - 31), as `requantizeWhole` takes it: the multiplier is 0, or 2³⁰ to 2³¹ - 1. */
export interface Multiplier {
  readonly multiplier: number;
  readonly shift: number;
}

/**
 * A real factor as machines without floats have it: to 31 bits, half up, like TFLite's QuantizeMultiplier. One that would need a
 * shift below -31 is 0, as it is there. Throws ValueError unless it is from 0 to below 2³⁰, with its rounding.
 *
 * @example
 * const { multiplier, shift } = multiplierOf(0.375);
 * multiplier * 2 ** (shift - 31); // 0.375
 * multiplierOf(0.375); // { multiplier: 1610612736, shift: -1 }
 */
export function multiplierOf(real: number): Multiplier {
  if (!(real >= 0 && real < 2 ** 30 - 0.25)) throw new ValueError('multiplierOf', 'real', 'from 0 to below 2^30', real);
  let shift = 0;
  let fraction = real; // at least 0.5 and below 1, by exact doublings and halvings
  for (; fraction >= 1; shift++) fraction /= 2;
  for (; fraction > 0 && fraction < 0.5; shift--) fraction *= 2;
  const rounded = Math.floor(fraction * 2 ** 31 + 0.5);
  const isFull = rounded === 2 ** 31;
  if (isFull) shift++;
  return shift < -31 ? { multiplier: 0, shift: 0 } : { multiplier: isFull ? 2 ** 30 : rounded, shift };
}

/** Throws unless the product can be computed: no sum leaves int32, and there are factors for its sums. */
export function checkProduct(product: IntegerProduct): void {
  foldedBias(product);
  const isWhole = product.rule === 'multiplier' && product.output !== null;
  const wrong = columnScales(product).find((scale) => !(scale < (isWhole ? 2 ** 30 : Infinity)));
  const wanted = isWhole ? 'below 2^30 when multiplied: shifts go up to 30' : 'finite when multiplied in float32';
  if (wrong !== undefined) refusing(`node "${product.name}"`)('scales', wanted, wrong);
}
