import { roundHalfEven } from '../../kernels/reference/math.ts';
import { add, div, equal, maximum, minimum, mul, neg, sub, where } from '../autograd/arithmetic.ts';
import { sign } from '../autograd/elementwise.ts';
import { sumTo } from '../autograd/movement.ts';
import { type Edge, noGrad, record } from '../autograd/tape.ts';
import { DTypeError } from '../base/errors.ts';
import type { Shape } from '../base/shape.ts';
import { eachTime } from '../memory/recorder.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import { usedStep } from './fake.ts';

/**
 * Operations of networks that are trained for integers. Factors and biases are worked out on the host in each step, as
 * src/graph/integers.ts does for integers: a recorded step finds scales where they lie, not what they were.
 */

/** A sum with it is rounded to whole numbers, half to even: it is 1.5·2²³. */
const ROUND = 12582912;

/** Throws DTypeError for what is not float32, which integers are made of. */
export function checkFloat32(op: string, x: Tensor): void {
  if (x.dtype !== 'float32') throw new DTypeError(op, [x.dtype], 'whole numbers stand for float32 alone');
}

/**
 * x, cut off to [low, high], whole numbers, as the nearest whole number, half to even; NaN stays. Its gradient is that of x
 * where it lies within, both ends included, else 0 (the straight-through estimator, Bengio et al. 2013, arXiv 1308.3432); with
 * `isOpen` it passes everywhere.
 */
export function roundWithin(x: Tensor, low: Tensor | number, high: Tensor | number, isOpen = false): Tensor {
  checkFloat32('roundWithin', x);
  const [cut, y] = noGrad(() => {
    const inside = minimum(maximum(x, low), high);
    return [inside, sub(add(inside, ROUND), ROUND)] as const;
  });
  return record('roundWithin', y, [x, (g) => (isOpen ? g : where(equal(x, cut), g, 0))]);
}

/** Numbers that the host works out in each step, `fill` number j. No gradient goes back from them. */
export function hosted(shape: Shape, fill: (j: number) => number): Tensor {
  const y = empty(shape, 'float32');
  eachTime(() => {
    const to = y.storage.array;
    for (let j = 0; j < y.size; j++) to[j] = fill(j);
  });
  return y;
}

/** Number j of a tensor that lies as it is, or its only one. */
export const numberAt = ({ storage, offset, size }: Tensor, j: number): number =>
  storage.array[offset + (size === 1 ? 0 : j)]!;

/** A trained scale as it is used: above 0. Its gradient is multiplied by `factor` (Esser et al. 2019, section 2.2). */
export function trainedStep(step: Tensor, factor: number): Tensor {
  checkFloat32('trainedStep', step);
  const y = hosted(step.shape, (j) => usedStep(numberAt(step, j)));
  return record('trainedStep', y, [step, (g) => mul(mul(g, sign(step)), factor)]);
}

/**
 * What whole numbers in the scale `from`, and `by` of each column if there is one, are multiplied with to be real, or to be in
 * the scale `to`: from·by/to in float64, rounded once.
 */
export function ratio(from: Tensor, by: Tensor | null, to: Tensor | null): Tensor {
  const shape = by === null ? from.shape : by.shape;
  const y = hosted(
    shape,
    (j) => (numberAt(from, j) * (by === null ? 1 : numberAt(by, j))) / (to === null ? 1 : numberAt(to, j)),
  );
  const edges: Edge[] = [[from, (g) => sumTo(div(mul(g, y), from), from.shape)]];
  if (by !== null) edges.push([by, (g) => div(mul(g, y), by)]);
  if (to !== null) edges.push([to, (g) => neg(sumTo(div(mul(g, y), to), to.shape))]); // d(1/t) = -1/t²
  return record('ratio', y, ...edges);
}

/**
 * A bias in units of its product, as whole numbers: b/(from·by), rounded half to even. The rounding passes gradients through, so
 * that the bias is what it was, whatever the scales become.
 */
export function wholeBias(bias: Tensor, from: Tensor, by: Tensor): Tensor {
  const unit = (j: number): number => numberAt(from, j) * numberAt(by, j);
  const y = hosted(bias.shape, (j) => roundHalfEven(numberAt(bias, j) / unit(j)));
  return record(
    'wholeBias',
    y,
    [bias, (g) => div(g, mul(from, by))],
    [from, (g) => neg(sumTo(div(mul(g, y), from), from.shape))],
    [by, (g) => neg(sumTo(div(mul(g, y), by), by.shape))],
  );
}
