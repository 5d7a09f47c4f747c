import type { Kernels } from '../../kernels/kernels.ts';
import { elementsOf } from '../base/shape.ts';
import { ACTIVATION_FACTS } from '../graph/activation.ts';
import type { EncodingOf } from '../graph/encoding.ts';
import { integersOf } from '../graph/encodings.ts';
import { dynamicOf } from '../graph/validate.ts';
import { packedMatrix, packedTaps } from './emit-integers.ts';
import { MOVES } from './emit-moves.ts';
import { copied } from './emit-reals.ts';
import { activating, convolutionOf, type Operand, type Site } from './site.ts';

/**
 * The steps of dynamic products: int8 of each sample by its own range, int32 sums of these integers as they are, and real
 * numbers. A sample's zero point times the sum of a column, which is what it adds to a sum, is taken off behind them.
 */

/** Leaves int32 sums of the integers `q` of so many samples. */
type Multiply = (k: Kernels, samples: number, q: Int8Array, sums: Int32Array) => void;

/** The integers of a kernel, all of them: a program has sparse ones as whole matrices here. */
function integersIn({ weights }: Pick<Site, 'weights'>): EncodingOf<'int8'> {
  const { encoding, shape } = weights.kernel!;
  return integersOf(encoding, shape) as EncodingOf<'int8'>;
}

function columnSums({ values, scales }: EncodingOf<'int8'>): Int32Array {
  const sums = new Int32Array(scales.length);
  for (let i = 0; i < values.length; i++) sums[i % sums.length]! += values[i]!;
  return sums;
}

function multiply(site: Site<'dense' | 'conv'>, x: Operand, kernel: EncodingOf<'int8'>, product: Multiply): void {
  const { node, output: y, constants, scratch, step } = site;
  const { activation } = node.attrs;
  const units = y.shape.at(-1)!;
  const places = elementsOf(y.shape.slice(0, -1));
  const q = scratch('int8', x.size);
  const sums = scratch('int32', y.size, 0);
  const zeroPoints = scratch('int32', 1, 1);
  const rowScales = scratch('float32', 1, 1);
  const real = ACTIVATION_FACTS[activation.name].isElementwise ? y.real : scratch('float32', y.size, 2);
  const columns = constants('int32', columnSums(kernel));
  const scales = constants('float32', kernel.scales);
  const bias = copied(site, 'bias');
  step((k, samples) => {
    k.quantizeRows(samples, x.size, x.real.array, rowScales.array, zeroPoints.array, q.array);
    product(k, samples, q.array, sums.array);
    const of = [sums.array, rowScales.array, zeroPoints.array, columns.array, scales.array] as const;
    k.dequantizeRows(samples * places, places, units, ...of, bias?.array ?? null, real.array);
  });
  if (activation.name !== 'linear') step(activating(activation, y.shape, real, y.real));
}

function dynamicDense(site: Site<'dense'>): void {
  const [x] = site.inputs;
  const own = integersIn(site);
  const terms = x.shape.at(-1)!;
  const units = site.output.shape.at(-1)!;
  const rows = elementsOf(x.shape.slice(0, -1));
  const kernel = packedMatrix(site, terms, units, own.values);
  multiply(site, x, own, (k, samples, q, sums) => k.gemmInt8(samples * rows, units, terms, q, kernel.array, sums));
}

/**
 * Zeros around an image are put there as real numbers: as integers they are the sample's zero point, whatever that will be, so
 * that every position has all of its taps, and the same to take off.
 */
function dynamicConv(site: Site<'conv'>): void {
  const x = framed(site);
  const own = integersIn(site);
  const node = { ...site.node, attrs: { ...site.node.attrs, padding: 'valid' as const } };
  const windows = convolutionOf({ ...site, node, inputs: [x] });
  const kernel = packedTaps(site, windows(1), own.values);
  multiply(site, x, own, (k, samples, q, sums) => k.conv2dInt8(windows(samples), q, 0, kernel.array, sums));
}

/** What a convolution reads, with all that is outside of the image and has a tap. */
function framed(site: Site<'conv'>): Operand {
  const [x] = site.inputs;
  const one = convolutionOf(site)(1);
  const around = (before: number, n: number, positions: number, stride: number, taps: number, dilation: number) => {
    const behind = (positions - 1) * stride + (taps - 1) * dilation + 1 - before - n;
    return [before, Math.max(0, behind)] as const;
  };
  const down = around(one.padTop, one.height, one.outHeight, one.strideY, one.kernelHeight, one.dilationY);
  const across = around(one.padLeft, one.width, one.outWidth, one.strideX, one.kernelWidth, one.dilationX);
  const widths = x.shape.length === 2 ? [across] : [down, across];
  if (widths.flat().every((n) => n === 0)) return x;
  const shape = x.shape.map((n, axis) => n + (widths[axis]?.[0] ?? 0) + (widths[axis]?.[1] ?? 0));
  const size = elementsOf(shape);
  const real = site.scratch('float32', size, 0);
  const padded: Operand = { ...x, shape, size, real, numbers: real };
  MOVES.zeroPad({ ...site, node: { ...site.node, op: 'zeroPad', attrs: { widths } }, inputs: [x], output: padded });
  return padded;
}

const DYNAMIC = { dense: dynamicDense, conv: dynamicConv };

/** A row for dynamic products, another for the rest. */
export const ofDynamic =
  <K extends 'dense' | 'conv'>(op: K, row: (site: Site<K>) => void) =>
  (site: Site<K>): void =>
    (dynamicOf(site.node) ? (DYNAMIC[op] as (site: Site<K>) => void) : row)(site);
