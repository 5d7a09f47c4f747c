import { add, div, mul } from '../autograd/arithmetic.ts';
import { clip, relu, sqrt, square } from '../autograd/elementwise.ts';
import { sum } from '../autograd/reductions.ts';
import { byItself, checkRange, ShapeError, ValueError } from '../base/errors.ts';
import { callMeant, checkOptions, didYouMean } from '../base/options.ts';
import { sameShape } from '../base/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { made, type NoFunction, type Recipe } from './recipes.ts';

/** What a weight is brought to after each step of an optimizer; what the optimizer keeps for it stays as it is. */
export interface Constraint extends NoFunction {
  readonly name: string;
  /** The weight [...] as it may be, of the same shape and type. Nothing is recorded for gradients. */
  readonly call: (w: Tensor) => Tensor;
  /**
   * Whether a recorded step may be repeated without calling the constraint again: it consists of operations on tensors
   * alone, the same ones each time. Those of this library say so; one of your own has to. Default false.
   */
  readonly replayable?: boolean;
  /** Whether what becomes of a number follows from it alone, so that equal numbers stay equal: shared weights need that. Default false. */
  readonly elementwise?: boolean;
  /** Options to make it again from its name. */
  readonly options?: Recipe;
}

/** The axes that a norm is taken over, one or several: those of the inputs of a unit, so [0, 1, 2] for a kernel of Conv2D. */
export type NormAxis = number | readonly number[];

export interface MinMaxNormOptions {
  /** Default 0. */
  readonly min?: number;
  /** Default 1. */
  readonly max?: number;
  /** How much of the way to the nearest allowed norm a step goes, from 0 to 1. Default 1. */
  readonly rate?: number;
  /** Default 0. */
  readonly axis?: NormAxis;
}

/** Keras's, which keeps a norm of 0 from dividing. */
const EPSILON = 1e-7;

const CALLS = {
  maxNorm: 'maxNorm(2)',
  nonNegative: 'nonNegative()',
  unitNorm: 'unitNorm()',
  minMaxNorm: 'minMaxNorm({ min: 0.5, max: 2 })',
};

const constraint = (name: string, options: Recipe, call: Constraint['call'], elementwise = false): Constraint =>
  made({ name, options, call, replayable: true, elementwise });

function checkAxis(op: string, axis: NormAxis): NormAxis {
  const all = Array.isArray(axis) ? Array.from(axis as readonly number[]) : [axis as number]; // `every` leaves holes out
  if (all.length === 0 || !all.every(Number.isSafeInteger))
    throw new ValueError(op, 'axis', 'an integer or a list of them', axis, byItself('axis', axis));
  return Array.isArray(axis) ? [...all] : axis;
}

/** L2 norms over axes, which stay as axes of 1. */
export const normOf = (w: Tensor, axis: NormAxis): Tensor => sqrt(sum(square(w), { axis, keepDims: true }));

/** w·(wanted/(ε + norm)). */
const scaled = (w: Tensor, wanted: Tensor, norm: Tensor): Tensor => mul(w, div(wanted, add(norm, EPSILON)));

/**
 * Units of a larger norm than `limit` are scaled down to it (Srebro & Shraibman 2005; Hinton et al. 2012).
 *
 * @example
 * const layer = new Dense(8, { kernelConstraint: maxNorm(2) });
 * maxNorm(5).call(tensor([[6, 0], [8, 2]])); // [[3. 0.] [4. 2.]]
 */
export function maxNorm(limit = 2, axis: NormAxis = 0): Constraint {
  checkRange('maxNorm', 'limit', limit, 'at least 0');
  const own = checkAxis('maxNorm', axis);
  return constraint('maxNorm', { limit, axis: own }, (w) => {
    const norm = normOf(w, own);
    return scaled(w, clip(norm, 0, limit), norm);
  });
}

/**
 * Numbers below 0 become 0.
 *
 * @example
 * const layer = new Dense(1, { kernelConstraint: nonNegative() });
 * const line = new Sequential([layer], { seed: 1 });
 * line.compile({ optimizer: 'adam', loss: 'mse' });
 * line.fit(x, y, { epochs: 1 });
 * min(layer.kernel).item() >= 0; // true
 */
export function nonNegative(): Constraint {
  return constraint('nonNegative', {}, relu, true);
}

/**
 * Every unit is scaled to a norm of 1.
 *
 * @example
 * const layer = new Conv2D(8, 3, { kernelConstraint: unitNorm([0, 1, 2]) });
 * unitNorm().call(tensor([[3, 0], [4, 2]])); // [[0.6 0. ] [0.8 1. ]]
 */
export function unitNorm(axis: NormAxis = 0): Constraint {
  const own = checkAxis('unitNorm', axis);
  return constraint('unitNorm', { axis: own }, (w) => div(w, add(normOf(w, own), EPSILON)));
}

/**
 * Norms of units stay between two bounds.
 *
 * @example
 * minMaxNorm({ min: 4, max: 5 }).call(tensor([[6, 0], [8, 2]])); // [[3. 0.] [4. 4.]]
 */
export function minMaxNorm(options: MinMaxNormOptions = {}): Constraint {
  checkOptions('minMaxNorm', options, 'min max rate axis');
  const { min = 0, max = 1, rate = 1, axis = 0 } = options;
  checkRange('minMaxNorm', 'min', min, 'at least 0');
  checkRange('minMaxNorm', 'max', max, 'at least 0');
  checkRange('minMaxNorm', 'rate', rate, 'between 0 and 1');
  if (max < min) throw new ValueError('minMaxNorm', 'max', `at least min, ${min}`, max);
  const own = checkAxis('minMaxNorm', axis);
  return constraint('minMaxNorm', { min, max, rate, axis: own }, (w) => {
    const norm = normOf(w, own);
    return scaled(w, add(mul(clip(norm, min, max), rate), mul(norm, 1 - rate)), norm);
  });
}

/** A constraint made again from the name and options that a file holds. */
export function constraintByName(name: string, options: Recipe): Constraint {
  const { limit, axis, ...others } = options as { readonly limit?: number; readonly axis?: NormAxis };
  switch (name) {
    case 'maxNorm':
      return maxNorm(limit, axis);
    case 'nonNegative':
      return nonNegative();
    case 'unitNorm':
      return unitNorm(axis);
    case 'minMaxNorm':
      return minMaxNorm({ ...others, ...(axis !== undefined && { axis }) });
    default:
      throw new ValueError(
        'constraint',
        'the name',
        Object.keys(CALLS).join(' or '),
        name,
        didYouMean(name, Object.keys(CALLS)),
      );
  }
}

/** Throws ShapeError, in the constraint's name, where it does not fit the weight. */
function heldBy(choice: Constraint, key: string, w: Tensor): Tensor {
  try {
    return choice.call(w);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new ShapeError('constraint', [w.shape], `${choice.name} does not fit ${key} (${error.message})`);
  }
}

/** Throws ValueError for what is no constraint, whatever weights it is for. */
export function checkForm(name: string, choice: Constraint): void {
  // A function has a method `call` of its own
  if (typeof choice === 'object' && typeof choice?.call === 'function' && typeof choice.name === 'string') return;
  const { name: own } = Object(choice) as { readonly name?: string };
  const isFunction = typeof choice === 'function' && Object.hasOwn(CALLS, own!);
  const remedy = isFunction ? `Call it: ${own}()` : callMeant(choice, CALLS);
  throw new ValueError('constraint', name, 'one such as maxNorm(2), or { name, call }', choice, remedy);
}

/** The constraint behind an option, tried on the weight it is for. Throws ValueError or ShapeError for what cannot hold it. */
export function checkConstraint(choice: Constraint | undefined, key: string, w: Tensor): Constraint | null {
  if (choice === undefined) return null;
  checkForm(`that of ${key}`, choice);
  const held = heldBy(choice, key, w);
  if (!sameShape(held.shape, w.shape) || held.dtype !== w.dtype)
    throw new ShapeError('constraint', [held.shape, w.shape], `${choice.name} of ${key} gives another shape or type`);
  return choice;
}
