import { add, div, equal, less, lessEqual, mul, sub, where } from '../autograd/arithmetic.ts';
import { abs, sqrt, square } from '../autograd/elementwise.ts';
import { reshape, slice } from '../autograd/movement.ts';
import { matmul } from '../autograd/products.ts';
import { mean, sum } from '../autograd/reductions.ts';
import { noGrad } from '../autograd/tape.ts';
import { eye } from '../tensor/create.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { rowsOf, scaled, teachersOf, unitRows } from './pairs.ts';

/**
 * Losses on how the samples of a batch lie to each other: features of teacher and student may be of any two shapes [batch, ...]. All
 * come from the products of the samples with each other, [batch, batch], so that memory does not grow with features times pairs.
 */

/** Products of samples about their mean: distances and angles change neither with it nor, once divided, with the scale. */
function products(x: Tensor): Tensor {
  const rows = scaled(rowsOf(x));
  const center = noGrad(() => mean(rows, { axis: 0, keepDims: true }));
  const about = sub(rows, center);
  return matmul(about, about, false, true);
}

/** The diagonal of a matrix [n, n] as [n]. */
const diagonal = (matrix: Tensor): Tensor => slice(reshape(matrix, [-1]), [[null, null, matrix.shape[0]! + 1]]);

/**
 * Distances of samples from their products, [n, n]. In float32 those below a thousandth of the batch's largest are noise of the
 * rounding. Equal samples have products that are equal to the bit, so theirs is exactly 0;
 * there, where the root has no slope, the gradient is 0.
 */
function distances(of: Tensor): Tensor {
  const n = of.shape[0]!;
  const own = diagonal(of);
  const squares = sub(add(reshape(own, [n, 1]), reshape(own, [1, n])), mul(of, 2)); // ‖a‖² + ‖b‖² - 2ab
  return where(lessEqual(squares, 0), 0, sqrt(squares));
}

/** ½x² up to 1, |x| - ½ beyond (Huber 1964). */
function huberOf(x: Tensor): Tensor {
  const size = abs(x);
  return where(less(size, 1), mul(square(size), 0.5), sub(size, 0.5));
}

/** a/b, but 0 where b is. */
const ratio = (a: Tensor, b: Tensor): Tensor => where(equal(b, 0), 0, div(a, b));

/**
 * Huber's loss of the distances of all pairs of samples, each divided by the mean distance of the batch, the mean over pairs (Park
 * et al. 2019, eq. 5 and 6, whose sum is over pairs). It does not change when features are moved, rotated or scaled. A batch of one
 * sample, and features that are all the same, have distances of 0. What float32 tells of distances ends at about a thousandth of
 * the largest in the batch: nearer samples count as somewhere within it.
 *
 * @example
 * const teacher = tensor([[0], [1], [2]]);
 * relationalDistanceLoss(teacher, tensor([[10, 0], [20, 0], [30, 0]])).item().toFixed(4); // 0.0000
 * relationalDistanceLoss(teacher, tensor([[0], [2], [1]])).item().toFixed(4); // 0.1875
 */
export function relationalDistanceLoss(teacher: Tensor, student: Tensor): Tensor {
  const detached = teachersOf('relationalDistanceLoss', teacher, student, 1);
  const n = student.shape[0]!;
  const pairs = Math.max(1, n * (n - 1));
  const relative = (x: Tensor): Tensor => {
    const apart = distances(products(x));
    return ratio(apart, mul(sum(apart), 1 / pairs));
  };
  return mul(sum(huberOf(sub(relative(student), relative(detached)))), 1 / pairs);
}

/**
 * Huber's loss of the cosines of the angles that all triples of samples enclose, the mean over triples of three different ones
 * (Park et al. 2019, eq. 8 and 9). It does not change when features are moved, rotated or scaled. Where two samples of a triple are
 * equal the cosine counts as 0, and where they are nearer than a thousandth of the largest distance it is noise in float32; fewer
 * than three samples enclose no angle. Memory and time grow with the cube of the batch.
 *
 * @example
 * const corner = tensor([[0, 0], [1, 0], [0, 1]]);
 * relationalAngleLoss(corner, tensor([[5, 5], [5, 7], [3, 5]])).item().toFixed(3); // 0.000
 * relationalAngleLoss(corner, tensor([[0, 0], [1, 0], [2, 0]])).item().toFixed(3); // 0.583
 */
export function relationalAngleLoss(teacher: Tensor, student: Tensor): Tensor {
  const detached = teachersOf('relationalAngleLoss', teacher, student, 1);
  const n = student.shape[0]!;
  const triples = Math.max(1, n * (n - 1) * (n - 2));
  const isSame = equal(eye(n), 1);
  const cosines = (x: Tensor): Tensor => {
    const of = products(x);
    const apart = distances(of);
    const left = (t: Tensor): Tensor => reshape(t, [n, n, 1]); // of vertex and first
    const right = (t: Tensor): Tensor => reshape(t, [n, 1, n]); // of vertex and last
    const own = reshape(diagonal(of), [n, 1, 1]);
    const product = add(sub(sub(reshape(of, [1, n, n]), left(of)), right(of)), own); // (a - v)(b - v)
    return where(isSame, 0, ratio(product, mul(left(apart), right(apart))));
  };
  return mul(sum(huberOf(sub(cosines(student), cosines(detached)))), 1 / triples);
}

/**
 * Squared differences of the products of all pairs of samples, each sample's divided by their length: the mean over pairs (Tung &
 * Mori 2019, eq. 4). It does not change when features are rotated or scaled. A sample of zeros is like no other.
 *
 * @example
 * const teacher = tensor([[1, 0], [0, 1]]);
 * similarityLoss(teacher, tensor([[0, 2], [2, 0]])); // 0.0
 * similarityLoss(teacher, tensor([[1, 0], [1, 0]])).item().toFixed(3); // 0.293
 */
export function similarityLoss(teacher: Tensor, student: Tensor): Tensor {
  const detached = teachersOf('similarityLoss', teacher, student, 1);
  const similar = (x: Tensor): Tensor => {
    const rows = scaled(rowsOf(x));
    return unitRows(matmul(rows, rows, false, true));
  };
  return mean(square(sub(similar(student), similar(detached))));
}
