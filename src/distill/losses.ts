import { add, less, mul, sub, where } from '../autograd/arithmetic.ts';
import { square } from '../autograd/elementwise.ts';
import { oneHot, reshape } from '../autograd/movement.ts';
import { floatType } from '../autograd/operands.ts';
import { logSumExp, mean, sum } from '../autograd/reductions.ts';
import { checkOneOf, checkRange, DTypeError, ShapeError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { checkTemperature, sigmoidDivergence, softmaxDivergence } from './divergence.ts';
import { checkAlike, rowsOf, scaled, teachersOf, unitRows } from './pairs.ts';

/**
 * Losses for training loops of one's own: each takes a teacher's values and a student's for one batch and gives a scalar, 0 where
 * they agree. They are differentiable in the student's and constants in the teacher's, made of operations on tensors alone (a
 * recorded step may repeat them), and pass NaN on. Means are over the batch, so a loss is the same for batches of any size.
 */

export interface SoftTargetOptions {
  /** Softens both distributions. Default 3. */
  readonly temperature?: number;
  /** What the logits are of: classes that exclude each other, or labels by themselves. Default 'softmax'. */
  readonly activation?: 'softmax' | 'sigmoid';
}

/**
 * T²·KL(softmax(t/T) ‖ softmax(s/T)) of logits [batch, ..., classes], the mean over rows (Hinton et al. 2015, arXiv:1503.02531v1,
 * section 2); of sigmoids the mean over all logits, each a distribution over two classes. The value loses no digits at any
 * temperature, which may be from 0.001 to 1,000,000. A class whose logits are -Infinity on both sides is left out; on the
 * student's alone the loss is infinite. Throws ShapeError for logits of two shapes.
 *
 * @example
 * const teacher = tensor([[4, 1, 0]]);
 * softTargetLoss(teacher, tensor([[5, 2, 1]])); // 0.0
 * softTargetLoss(teacher, tensor([[0, 1, 4]]), { temperature: 2 }).item().toFixed(2); // 5.09
 */
export function softTargetLoss(teacherLogits: Tensor, studentLogits: Tensor, options: SoftTargetOptions = {}): Tensor {
  const op = 'softTargetLoss';
  checkOptions(op, options, 'temperature activation', 'Write { temperature: $ }');
  const { temperature: T = 3, activation = 'softmax' } = options;
  checkTemperature(op, T);
  checkOneOf(op, 'activation', activation, ['softmax', 'sigmoid']);
  const teacher = teachersOf(op, teacherLogits, studentLogits, 1);
  checkAlike(op, teacher, studentLogits, 'Both must name the same classes in one order');
  const rows = (logits: Tensor): Tensor => reshape(logits, [-1, logits.shape.at(-1)!]);
  const divergence = activation === 'softmax' ? softmaxDivergence : sigmoidDivergence;
  return mul(mean(divergence(rows(teacher), rows(studentLogits), T)), T * T);
}

export interface DecoupledOptions {
  /** Softens both distributions. Default 4. */
  readonly temperature?: number;
  /** Weight of the share that the right class has. Default 1. */
  readonly alpha?: number;
  /** Weight of the distribution over the other classes. Default 8, as in the paper for CIFAR-100. */
  readonly beta?: number;
}

/**
 * T²·(alpha·TCKD + beta·NCKD) of logits [batch, classes] and int32 labels [batch] (Zhao et al. 2022, eq. 7): the divergence of
 * the softened share of the right class from all others', and that of the others among themselves, which soft targets count
 * the less the surer the teacher is. Needs two classes or more; of two the second is 0.
 *
 * @example
 * const [teacher, student] = [tensor([[9, 1, 0]]), tensor([[9, 0, 1]])]; // as sure of class 0, and of other minds about the rest
 * decoupledLoss(teacher, student, tensor([0], { dtype: 'int32' })).item().toFixed(2); // 3.98
 * softTargetLoss(teacher, student, { temperature: 4 }).item().toFixed(2); // 0.10
 */
export function decoupledLoss(
  teacherLogits: Tensor,
  studentLogits: Tensor,
  labels: Tensor,
  options: DecoupledOptions = {},
): Tensor {
  const op = 'decoupledLoss';
  checkOptions(op, options, 'temperature alpha beta', 'Write { temperature: $ }');
  const { temperature: T = 4, alpha = 1, beta = 8 } = options;
  checkTemperature(op, T);
  checkRange(op, 'alpha', alpha, 'at least 0');
  checkRange(op, 'beta', beta, 'at least 0');
  const teacher = teachersOf(op, teacherLogits, studentLogits, 1);
  checkAlike(op, teacher, studentLogits, 'Both must name the same classes in one order');
  const [n, classes] = teacher.shape;
  if (teacher.rank !== 2 || classes! < 2 || labels.size !== n)
    throw new ShapeError(
      op,
      [teacher.shape, labels.shape],
      'needs logits [batch, classes] of two classes or more, and a label each',
    );
  if (labels.dtype !== 'int32') throw new DTypeError(op, [labels.dtype], 'labels must be int32', 'cast() first?');
  const dtype = floatType(op, teacher);
  const others = less(oneHot(reshape(labels, [n!]), classes!, dtype), 1);
  const remaining = (z: Tensor): Tensor => where(others, z, -Infinity);
  // The right class against all others is a sigmoid of z/T - log Σ exp(others/T); the divergence divides by T again.
  const against = (z: Tensor): Tensor =>
    sub(sum(where(others, 0, z), { axis: 1 }), mul(logSumExp(mul(remaining(z), 1 / T), { axis: 1 }), T));
  const target = mean(sigmoidDivergence(against(teacher), against(studentLogits), T));
  const rest = mean(softmaxDivergence(remaining(teacher), remaining(studentLogits), T));
  return mul(add(mul(target, alpha), mul(rest, beta)), T * T);
}

/**
 * Half the squared distance of features of one shape, [batch, ...]: ½(s - t)², the mean over all numbers (Romero et al. 2015,
 * eq. 3, which sums). Where the student's are of another shape they must pass a projection that learns with it.
 *
 * @example
 * hintLoss(tensor([[1, 2]]), tensor([[1, 4]])); // 1.0
 */
export function hintLoss(teacher: Tensor, student: Tensor): Tensor {
  const op = 'hintLoss';
  const hint = teachersOf(op, teacher, student, 1);
  checkAlike(op, hint, student, "Project the student's by a Dense or a 1x1 convolution that is trained with it");
  return mul(mean(square(sub(student, hint))), 0.5);
}

/** Mean squares of the channels of x [batch, places..., channels], on a scale of each sample's own. */
const energies = (x: Tensor): Tensor => mean(square(scaled(x, [...x.shape.keys()].slice(1))), { axis: -1 });

/**
 * Where a layer is active: the squares of features [batch, places..., channels] summed over the channels and divided by the
 * length of the map, [batch, places...] (Zagoruyko & Komodakis 2017, section 3.1). It does not change with the scale of the
 * features, nor with the order or a rotation of channels. A sample of zeros has a map of zeros.
 *
 * @example
 * attentionMap(tensor([[[1, 1, 1], [2, 0, 0]]])); // [[0.6 0.8]]
 */
export function attentionMap(features: Tensor): Tensor {
  teachersOf('attentionMap', features, features, 3);
  const energy = energies(features);
  return reshape(unitRows(rowsOf(energy)), energy.shape);
}

/**
 * Half the squared distance of the two attention maps, the mean over samples: 1 less their cosine, from 0 to 1 (Zagoruyko &
 * Komodakis 2017, eq. 2, squared as in their program). Numbers of channels may differ; where one map is a whole number of times
 * as large as the other along an axis, it is averaged down. Throws ShapeError for other sizes.
 *
 * @example
 * attentionLoss(tensor([[[3, 0], [0, 4]]]), tensor([[[3], [4]]])); // 0.0
 * attentionLoss(tensor([[[1], [0]]]), tensor([[[0], [5]]])); // 1.0
 */
export function attentionLoss(teacher: Tensor, student: Tensor): Tensor {
  const op = 'attentionLoss';
  const detached = teachersOf(op, teacher, student, 3);
  const places = commonPlaces(op, teacher.shape.slice(1, -1), student.shape.slice(1, -1));
  return mapDistance(mapAt(detached, places), mapAt(student, places));
}

/** Maps of length 1 of features [batch, places..., channels], averaged to so many places and flat: [batch, places]. */
export function mapAt(features: Tensor, places: readonly number[]): Tensor {
  const energy = energies(features);
  return unitRows(rowsOf(averagedTo(energy, [energy.shape[0]!, ...places])));
}

/** Half the squared distance of maps [batch, places], the mean over samples. */
export const mapDistance = (t: Tensor, s: Tensor): Tensor => mul(mean(sum(square(sub(s, t)), { axis: 1 })), 0.5);

/** The places to which both maps can be averaged. Throws ShapeError where along an axis neither is a multiple of the other. */
export function commonPlaces(op: string, teacher: readonly number[], student: readonly number[]): readonly number[] {
  const fits = (n: number, axis: number): boolean => n % student[axis]! === 0 || student[axis]! % n === 0;
  if (teacher.length === student.length && teacher.every(fits)) return teacher.map((n, i) => Math.min(n, student[i]!));
  const text = 'maps of such sizes cannot be compared: along each axis one must be a multiple of the other';
  throw new ShapeError(op, [teacher, student], text, 'Take layers where the images are of one size');
}

/** Means over blocks of places, [batch, places...]. */
function averagedTo(x: Tensor, shape: readonly number[]): Tensor {
  const apart = shape.flatMap((n, axis) => [n, x.shape[axis]! / n]);
  const blocks = shape.flatMap((n, axis) => (x.shape[axis] === n ? [] : [2 * axis + 1]));
  return blocks.length === 0 ? x : reshape(mean(reshape(x, apart), { axis: blocks }), shape);
}
