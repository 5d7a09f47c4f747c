import type { FloatArray } from '../../kernels/arrays.ts';
import { checkRange, ShapeError } from '../base/errors.ts';
import { normalizeAxis, sameShape } from '../base/shape.ts';
import type { FloatDType } from '../memory/dtype.ts';
import { kernelsFor } from '../memory/runtime.ts';
import { checkTensors, empty, type Tensor, viewOf } from '../tensor/tensor.ts';
import { add, mul, neg, sub } from './arithmetic.ts';
import { reciprocal, sqrt } from './elementwise.ts';
import { floats, floatType, mapWith } from './operands.ts';
import { mean as meanOf, sum, variance as varianceOf } from './reductions.ts';
import { type Edge, noGradient, perGradient, record } from './tape.ts';

/** Checks a normalization over the last axis of x with vectors of that length, null where there is none; the type of all. */
function checkVectors(op: string, x: Tensor, epsilon: number, ...vectors: readonly (Tensor | null)[]): FloatDType {
  const given = vectors.filter((t) => t !== null);
  checkTensors(op, x, ...given);
  const channels = x.shape[normalizeAxis(op, -1, x.rank)]!;
  for (const t of given) {
    if (!sameShape(t.shape, [channels]))
      throw new ShapeError(op, [x.shape, t.shape], `what belongs to the channels must have shape [${channels}]`);
  }
  checkRange(op, 'epsilon', epsilon, 'at least 0');
  return floatType(op, x, ...given);
}

const elementsIn = (t: Tensor): FloatArray => t.storage.array as FloatArray;
const leading = (x: Tensor): number[] => [...x.shape.keys()].slice(0, -1);
const rowsOf = (x: Tensor): number => leading(x).reduce((rows, axis) => rows * x.shape[axis]!, 1);

/**
 * Batch normalization (Ioffe & Szegedy 2015, Algorithm 1): y = gamma·(x - mean)/√(variance + epsilon) + beta, x [..., channels]
 * and all others [channels], with the mean and the variance (by n) of this batch, which it gives too. Without gamma (null) the
 * factor is 1, without beta nothing is added. Gradients flow through the statistics; those that are kept for later should be
 * detached.
 *
 * @example
 * const { y, mean, variance } = batchNorm(tensor([[1, 10], [3, 30]]), null, null, 0);
 * y; // [[-1. -1.] [ 1. 1.]]
 * mean; // [ 2. 20.]
 * variance; // [ 1. 100.]
 */
export function batchNorm(
  x: Tensor,
  gamma: Tensor | null,
  beta: Tensor | null,
  epsilon: number,
): { readonly y: Tensor; readonly mean: Tensor; readonly variance: Tensor } {
  const op = 'batchNorm';
  checkVectors(op, x, epsilon, gamma, beta);
  const mean = meanOf(x, { axis: leading(x) });
  const variance = varianceOf(x, { axis: leading(x) });
  const y = normalized(op, x, mean, variance, gamma, beta, epsilon);
  const back = perGradient((g: Tensor) => {
    const dx = empty(x.shape, x.dtype, x.size);
    const dGamma = empty(mean.shape, x.dtype);
    const dBeta = empty(mean.shape, x.dtype);
    kernelsFor(x.dtype).batchNormGrad(
      rowsOf(x),
      mean.size,
      floats(op, x),
      floats(op, mean),
      floats(op, variance),
      gamma && floats(op, gamma),
      epsilon,
      floats(op, g),
      elementsIn(dx),
      elementsIn(dGamma),
      elementsIn(dBeta),
    );
    return { dx: record('batchNormGrad', dx), dGamma, dBeta };
  });
  // Statistics that someone else writes to would be used on the way back: edges that lead nowhere notice it.
  const watched = [mean, variance].map((t): Edge => [viewOf(t, t.shape, null), noGradient(op)]);
  record(
    op,
    y,
    [x, (g) => back(g).dx],
    ...watched,
    ...(gamma === null ? [] : [[gamma, (g: Tensor) => back(g).dGamma] as const]),
    ...(beta === null ? [] : [[beta, (g: Tensor) => back(g).dBeta] as const]),
  );
  return { y, mean, variance };
}

/** y = (x - mean)·(gamma/√(variance + epsilon)) + beta, not on the tape. */
function normalized(
  op: string,
  x: Tensor,
  mean: Tensor,
  variance: Tensor,
  gamma: Tensor | null,
  beta: Tensor | null,
  epsilon: number,
): Tensor {
  const m = floats(op, mean);
  const v = floats(op, variance);
  const factor = gamma && floats(op, gamma);
  const shift = beta && floats(op, beta);
  return mapWith(op, x, (k, _, from, to) => k.batchNorm(rowsOf(x), mean.size, from, m, v, factor, shift, epsilon, to));
}

/**
 * `batchNorm` with a mean and a variance [channels] that are given, as running ones are after training. To the bit the same
 * where they are those of the batch, but constants to x, with gradients of their own.
 *
 * @example
 * const mean = tensor([2, 20]);
 * const variance = tensor([4, 25]);
 * batchNormWith(tensor([[4, 10]]), mean, variance, null, null, 0); // [[ 1. -2.]]
 */
export function batchNormWith(
  x: Tensor,
  mean: Tensor,
  variance: Tensor,
  gamma: Tensor | null,
  beta: Tensor | null,
  epsilon: number,
): Tensor {
  const op = 'batchNormWith';
  checkVectors(op, x, epsilon, mean, variance, gamma, beta);
  const y = normalized(op, x, mean, variance, gamma, beta, epsilon);
  const inverse = (): Tensor => reciprocal(sqrt(add(variance, epsilon)));
  const scaled = (g: Tensor): Tensor => mul(g, gamma === null ? inverse() : mul(gamma, inverse()));
  const total = (g: Tensor): Tensor => sum(g, { axis: leading(x) });
  /** Σ g·(x - mean)/√(variance + epsilon). */
  const slope = (g: Tensor): Tensor => total(mul(g, mul(sub(x, mean), inverse())));
  return record(
    op,
    y,
    [x, scaled],
    [mean, (g) => neg(scaled(total(g)))],
    [variance, (g) => scaled(mul(mul(slope(g), inverse()), -0.5))], // d(v + ε)^(-1/2) = -(v + ε)^(-3/2)/2
    ...(gamma === null ? [] : [[gamma, slope] as const]),
    ...(beta === null ? [] : [[beta, total] as const]),
  );
}

/**
 * Layer normalization (Ba et al. 2016): every row along the last axis less its mean, divided by √(variance + epsilon), then
 * gamma·… + beta. x [..., channels], gamma and beta [channels] or null; the variance is by n.
 *
 * @example
 * const x = tensor([[1, 3], [50, 10]]);
 * layerNorm(x, null, null, 0); // [[-1. 1.] [ 1. -1.]]
 * layerNorm(x, tensor([10, 1]), tensor([0, 5]), 0); // [[-10. 6.] [ 10. 4.]]
 */
export function layerNorm(x: Tensor, gamma: Tensor | null, beta: Tensor | null, epsilon: number): Tensor {
  const op = 'layerNorm';
  checkVectors(op, x, epsilon, gamma, beta);
  const n = x.shape.at(-1)!;
  const rows = rowsOf(x);
  const z = mapWith(op, x, (k, _, from, to) => k.standardize(rows, n, from, epsilon, to));
  record(op, z, [
    x,
    (g) => {
      const dx = mapWith(op, x, (k, _, from, to) => k.standardizeGrad(rows, n, from, epsilon, floats(op, g), to));
      return record('standardizeGrad', dx);
    },
  ]);
  const scaled = gamma === null ? z : mul(z, gamma);
  return beta === null ? scaled : add(scaled, beta);
}
