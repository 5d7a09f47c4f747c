import { cast, reshape, slice } from '../autograd/movement.ts';
import { matmul } from '../autograd/products.ts';
import { noGrad } from '../autograd/tape.ts';
import { checkOptions } from '../base/options.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import { type Steps, windowOf } from '../base/window.ts';
import type { QuantizedNetwork } from '../compress/quantized.ts';
import { decodeWeight } from '../graph/decode.ts';
import { type EncodingOf, float32Stored, type Stored } from '../graph/encoding.ts';
import type { Graph, Node, NodeOf, Op } from '../graph/graph.ts';
import type { Model } from '../nn/model.ts';
import { batchesOf } from '../nn/samples.ts';
import { fromData, type Tensor } from '../tensor/tensor.ts';
import { encodeWeight } from './encode.ts';
import { WEIGHT_FORMATS, type WeightFormat, weightFormatOf } from './formats.ts';
import { gridOf, nearestCode, numberAt, withCodes } from './grid.ts';
import { type AfterCareOptions, layerByLayer, type QuantizedLayer } from './layer-by-layer.ts';

/** Samples whose patches are made at a time. */
const BATCH = 64;
/** The share of the mean of the Hessian's diagonal that is added to it, so that it has an inverse. */
const DAMPING = 0.01;

/**
 * GPTQ (Frantar et al. 2022, arXiv 2210.17323): the rows of a kernel are rounded one after another, and what rounding one does
 * to the squared error of the sums, given what the quantized network so far reads there, the rows behind it make up for
 * before they are rounded themselves. With the Hessian H = 2XᵀX, damped by 1 % of the mean of its diagonal, and the upper
 * Cholesky factor R of its inverse, row i of error e changes row k by -e·R[i,k]/R[i,i] (Algorithm 1 without its blocks, which only
 * order memory accesses). In float64, rows in order. Where groups of rows have scales of their own, those of a group are taken when
 * it begins, of its rows as they are by then, over what the levels of the format reach over (`fit`); those of the first stay, and
 * so do scales of whole columns. A unit whose error on the calibration samples does not become less keeps its rounding.
 *
 * Of dense layers and convolutions of one group whose weights have steps, in any format of values; convolutions of several groups,
 * depthwise and transposed ones stay as they are, as do float16, bfloat16 and real weights. What is pruned stays 0. A layer that
 * is used several times goes by all its uses. Biases stay: run `correctBias` afterwards. `quantized` is the network that
 * `quantize` made of the subject; it is not changed. Throws StateError for another network, by the names
 * and shapes of its layers.
 *
 * @example
 * const nearest = quantize(model, { format: 'int4' });
 * const better = gptq(model, nearest, { calibration: x });
 * const decibels = (network: Network) => ledger(model, network, { samples: x }).quantized.sqnr;
 * decibels(better) > decibels(nearest) + 5; // true
 */
export function gptq(
  subject: Model | Graph<Stored>,
  quantized: Graph<Stored>,
  options: AfterCareOptions = {} as AfterCareOptions,
): QuantizedNetwork {
  checkOptions('gptq', options, 'calibration');
  return layerByLayer('gptq', subject, quantized, options.calibration, (layer) => {
    const { node, kernel, real, inputs } = layer;
    const hessian = gridOf(kernel) === null ? null : hessianOf(inputs(), node, kernel);
    const factor = hessian && inverseFactor(hessian);
    if (hessian === null || factor === null) return {};
    const made = rounded(layer, factor);
    const errorsOf = (weight: Stored): Float64Array =>
      squaredErrors(hessian, real, decodeWeight(weight) as Float32Array);
    const before = errorsOf(kernel);
    const isBetter = errorsOf(made).map((error, j) => Number(error < before[j]!));
    return { kernel: mixed(kernel, made, (j) => isBetter[j] === 1) };
  });
}

type Rows<K extends Op> = (x: Tensor, node: NodeOf<K>, kernel: Shape) => Tensor | null;

/** What of a batch a kernel as a matrix [terms, units] is multiplied with, [rows, terms]; null where it is no one matrix. */
const ROWS: { readonly [K in Op]?: Rows<K> } = {
  dense: (x, _, [terms]) => reshape(x, [x.size / terms!, terms!]),
  conv: (x, { attrs }, kernel) => (attrs.groups === 1 ? patches(x, attrs, kernel) : null),
};

/** 2XᵀX of these rows X, [terms, terms]. */
function hessianOf(inputs: Tensor, node: Node, { shape }: Stored): Tensor | null {
  const rowsOf = ROWS[node.op] as Rows<Op> | undefined;
  const terms = elementsOf(shape.slice(0, -1));
  const h = new Float64Array(terms * terms);
  for (const [start, count] of batchesOf(inputs.shape[0]!, BATCH)) {
    const rows = rowsOf?.(slice(inputs, [[start, start + count]]), node, shape) ?? null;
    if (rows === null) return null;
    const x = cast(rows, 'float64');
    noGrad(() => matmul(x, x, true)).data.forEach((product, i) => {
      h[i]! += 2 * product;
    });
  }
  return fromData(h, [terms, terms]);
}

/** What a convolution of one group multiplies at each position, [positions, taps·channels]; 0 outside of an image. */
function patches(x: Tensor, steps: Steps, kernel: Shape): Tensor {
  const channels = x.shape.at(-1)!;
  const w = windowOf(x.shape[0]!, x.shape.slice(1, -1), kernel.slice(0, -2), steps);
  const width = w.kernelHeight * w.kernelWidth * channels;
  const rows = new Float32Array(w.batch * w.outHeight * w.outWidth * width);
  for (let at = 0; at < rows.length; at += channels) {
    const tap = (at % width) / channels;
    const position = Math.floor(at / width);
    const ox = position % w.outWidth;
    const oy = Math.floor(position / w.outWidth) % w.outHeight;
    const image = Math.floor(position / (w.outWidth * w.outHeight));
    const iy = oy * w.strideY + Math.floor(tap / w.kernelWidth) * w.dilationY - w.padTop;
    const ix = ox * w.strideX + (tap % w.kernelWidth) * w.dilationX - w.padLeft;
    if (iy < 0 || iy >= w.height || ix < 0 || ix >= w.width) continue;
    const from = ((image * w.height + iy) * w.width + ix) * channels;
    rows.set((x.data as Float32Array).subarray(from, from + channels), at);
  }
  return fromData(rows, [rows.length / width, width]);
}

/**
 * The upper triangular R with RᵀR the inverse of the damped Hessian: where that is U·Uᵀ with an upper U, R is the inverse of U.
 * Null where there is none.
 */
function inverseFactor({ data, shape: [n = 0] }: Tensor): Float64Array | null {
  const h = Float64Array.from(data);
  let trace = 0;
  for (let i = 0; i < n; i++) trace += h[i * n + i]!;
  if (!(trace > 0 && trace < Infinity)) return null; // of an input that is always 0 any rounding will do
  for (let i = 0; i < n; i++) h[i * n + i]! += (DAMPING * trace) / n;
  const u = new Float64Array(n * n);
  for (let j = n - 1; j >= 0; j--)
    for (let i = j; i >= 0; i--) {
      let sum = h[i * n + j]!;
      for (let k = j + 1; k < n; k++) sum -= u[i * n + k]! * u[j * n + k]!;
      u[i * n + j] = i === j ? Math.sqrt(sum) : sum / u[j * n + j]!;
    }
  const r = new Float64Array(n * n);
  for (let i = n - 1; i >= 0; i--) {
    const own = u[i * n + i]!;
    r[i * n + i] = 1 / own;
    for (let k = i + 1; k < n; k++) {
      const factor = u[i * n + k]! / own;
      if (factor !== 0) for (let j = k; j < n; j++) r[i * n + j]! -= factor * r[k * n + j]!;
    }
  }
  return r.every(Number.isFinite) ? r : null;
}

/** The kernel rounded row by row. */
function rounded({ kernel, real }: QuantizedLayer, r: Float64Array): Stored {
  const units = kernel.shape.at(-1)!;
  const n = real.length / units;
  const isPruned = (at: number): boolean => kernel.mask?.[at] === 0;
  const w = Float64Array.from(real);
  const codes = new Int32Array(w.length);
  const errors = new Float64Array(units);
  const format = groupFormat(kernel, real);
  let held = kernel;
  let grid = gridOf(held)!;
  for (let i = 0; i < n; i++) {
    const next = format === null ? held : withScalesFrom(held, format, i, w);
    if (next !== held) grid = gridOf(next)!;
    held = next;
    for (let j = 0; j < units; j++) {
      const at = i * units + j;
      codes[at] = nearestCode(grid, at, w[at]!);
      const value = isPruned(at) ? 0 : numberAt(grid, at, codes[at]!);
      errors[j] = (w[at]! - value) / r[i * n + i]!;
    }
    for (let k = i + 1; k < n; k++) {
      const factor = r[i * n + k]!;
      if (factor !== 0) for (let j = 0; j < units; j++) w[k * units + j]! -= errors[j]! * factor;
    }
  }
  return withCodes(held, codes);
}

/** The format in which groups of levels take scales anew; null for a weight without groups. */
function groupFormat(weight: Stored, real: Float32Array): WeightFormat | null {
  const { shape, encoding, mask } = weight;
  const format = weightFormatOf(weight);
  if (encoding.type !== 'levels' || format === null || !WEIGHT_FORMATS[format.type].isFitted) return format;
  // What levels reach over is not in the encoding: it is what gives such scales
  const scalesBy = (fit: 'range' | 'error'): Float32Array =>
    levelsFor(masked(real, mask), shape, { ...format, fit }).scales;
  const isBy = (fit: 'range' | 'error'): boolean => scalesBy(fit).every((scale, g) => scale === encoding.scales[g]);
  return { ...format, fit: !isBy('range') && isBy('error') ? 'error' : 'range' };
}

/** Numbers, 0 where they were pruned. */
const masked = (values: Float32Array, mask: Uint8Array | null | undefined): Float32Array =>
  mask == null ? values : values.map((w, i) => (mask[i] === 0 ? 0 : w));

/** The levels of numbers in a format. */
const levelsFor = (values: Float32Array, shape: Shape, format: WeightFormat): EncodingOf<'levels'> =>
  encodeWeight('gptq', 'a kernel', float32Stored(shape, values), format).encoding as EncodingOf<'levels'>;

/** The weight with the scales of the numbers w, where a group but the first begins at a row; else itself. */
function withScalesFrom(held: Stored, format: WeightFormat, row: number, w: Float64Array): Stored {
  const { encoding, shape, mask } = held;
  if (encoding.type !== 'levels' || row === 0 || row % encoding.group !== 0) return held;
  const units = shape.at(-1)!;
  const { group } = encoding;
  const from = row * units;
  const to = Math.min(w.length, from + group * units);
  const values = masked(Float32Array.from(w.subarray(from, to)), mask?.subarray(from, to));
  const own = levelsFor(values, [values.length / units, units], format);
  const scales = encoding.scales.slice();
  scales.set(own.scales, (row / group) * units);
  const zeroPoints = encoding.zeroPoints?.slice() ?? null;
  zeroPoints?.set(own.zeroPoints!, (row / group) * units);
  return { ...held, encoding: { ...encoding, scales, zeroPoints } };
}

/** Of each unit (real - weight)ᵀ·H·(real - weight). */
function squaredErrors(hessian: Tensor, real: Float32Array, weight: Float32Array): Float64Array {
  const [n] = hessian.shape as [number];
  const off = Float64Array.from(real, (w, i) => w - weight[i]!);
  const { data } = noGrad(() => matmul(hessian, fromData(off, [n, real.length / n])));
  const sums = new Float64Array(real.length / n);
  off.forEach((e, i) => {
    sums[i % sums.length]! += e * data[i]!;
  });
  return sums;
}

/** A weight with the columns of another where `isOther`. Both are of one format. */
function mixed(weight: Stored, other: Stored, isOther: (unit: number) => boolean): Stored {
  const units = weight.shape.at(-1)!;
  const part = <A extends Float32Array | Uint8Array | Int32Array>(own: A, others: A): A =>
    own.map((x, i) => (isOther(i % units) ? others[i]! : x)) as A;
  const codes = part(gridOf(weight)!.codes, gridOf(other)!.codes);
  const { encoding } = weight;
  const others = other.encoding;
  if (encoding.type !== 'levels' || others.type !== 'levels') return withCodes(weight, codes);
  const scales = part(encoding.scales, others.scales);
  const zeroPoints = encoding.zeroPoints && part(encoding.zeroPoints, others.zeroPoints!);
  return withCodes({ ...weight, encoding: { ...encoding, scales, zeroPoints } }, codes);
}
