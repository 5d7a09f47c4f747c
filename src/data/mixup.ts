import { checkRange, DTypeError, ShapeError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { arrayOf, isFloat } from '../memory/dtype.ts';
import { run } from '../memory/runtime.ts';
import type { Random } from '../tensor/random.ts';
import { fromData, type Tensor, type Values } from '../tensor/tensor.ts';
import { checkDraw, streamOf } from './augment.ts';
import { checkConstant } from './split.ts';
import { tensorOf } from './values.ts';

export interface MixupOptions {
  /** Of the distribution Beta(alpha, alpha) of the shares: small is nearly one sample, 1 any mixture alike. Default 0.2. */
  readonly alpha?: number;
  /** Default 0. */
  readonly seed?: number;
  /** Which of the mixtures of this seed: each epoch has others. Default 0. */
  readonly epoch?: number;
}

/**
 * Mixes each sample with another one, and its targets in the same shares (Zhang et al. 2018): λ·x[i] + (1 - λ)·x[j] and
 * λ·y[i] + (1 - λ)·y[j], where j is of a random order of all samples and λ is drawn for each sample, while the authors' code
 * draws one for each batch. x and y are [n, ...]; y are numbers, or classes as one-hot rows: labels cannot be mixed. The same
 * seed and epoch give the same bits. Throws ShapeError where x and y differ in number, DTypeError for integers,
 * GradientError for a tensor that gradients flow through.
 *
 * @example
 * const rows = oneHotLabels(y, 2);
 * model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy' });
 * model.fit(x, rows, { epochs: 20, augment: ([x, y], epoch) => mixup(x, y, { alpha: 0.2, epoch }) });
 */
export function mixup(x: Values, y: Values, options: MixupOptions = {}): [x: Tensor, y: Tensor] {
  const op = 'mixup';
  checkOptions(op, options, 'alpha seed epoch', 'Write { alpha: $ }');
  const { alpha = 0.2, seed = 0, epoch = 0 } = options;
  checkRange(op, 'alpha', alpha, 'positive');
  checkDraw(op, seed, epoch);
  const samples = tensorOf(op, 'x', x);
  const targets = tensorOf(op, 'y', y);
  const n = samples.shape[0];
  if (n === undefined || targets.shape[0] !== n)
    throw new ShapeError(op, [samples.shape, targets.shape], 'x and y must have the same number of samples');
  for (const t of [samples, targets]) {
    checkConstant(op, t);
    const remedy = t === targets ? 'oneHot() makes rows of labels' : 'cast() them?';
    if (!isFloat(t.dtype))
      throw new DTypeError(op, [t.dtype], `${t === targets ? 'y' : 'x'} needs real numbers`, remedy);
  }
  const others = streamOf(seed, 'mixup order', epoch).permutation(n).data as Int32Array;
  const shares = symmetricBeta(streamOf(seed, 'mixup', epoch), n, alpha);
  return [mixed(samples, others, shares), mixed(targets, others, shares)];
}

function mixed(t: Tensor, others: Int32Array, shares: Float64Array): Tensor {
  const from = t.data as Float32Array;
  const to = arrayOf(t.dtype, t.size) as Float32Array;
  const width = t.size / Math.max(1, others.length);
  for (let i = 0; i < others.length; i++) {
    const own = i * width;
    const other = others[i]! * width;
    const share = shares[i]!;
    for (let k = 0; k < width; k++) to[own + k] = share * from[own + k]! + (1 - share) * from[other + k]!;
  }
  return fromData(to, [...t.shape], t.dtype);
}

/**
 * `n` numbers of Beta(alpha, alpha). If t has Student's distribution with 2·alpha degrees of freedom, 1/2 + t/(2·√(2·alpha + t²)) is
 * one; and t = √(2·alpha·(u^(-1/alpha) - 1))·cos(2π·v) for uniform u and v (Bailey 1994). With s = u^(1/alpha) and c = cos(2π·v)
 * what is added to 1/2 is ±√((1 - s)·c²/(s + (1 - s)·c²))/2, which no small alpha makes infinite.
 */
function symmetricBeta(random: Random, n: number, alpha: number): Float64Array {
  const draws = random.uniform([2, n]).data as Float32Array;
  const s = new Float32Array(n);
  const c = new Float32Array(n);
  run.kernels.log(n, draws.subarray(0, n), s);
  for (let i = 0; i < n; i++) s[i]! /= alpha;
  run.kernels.exp(n, s, s);
  run.kernels.cos(
    n,
    draws.subarray(n).map((v) => 2 * Math.PI * v),
    c,
  );
  return Float64Array.from(s, (small, i) => {
    const square = (1 - small) * c[i]! * c[i]!;
    if (square === 0) return 0.5;
    return 0.5 + (Math.sign(c[i]!) * Math.sqrt(square / (small + square))) / 2;
  });
}
