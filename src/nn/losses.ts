import { add, div, equal, less, maximum, mul, neg, sub, where } from '../autograd/arithmetic.ts';
import { abs, clip, log, softplus, square } from '../autograd/elementwise.ts';
import { cast, oneHot, reshape } from '../autograd/movement.ts';
import { softmaxCrossEntropy } from '../autograd/products.ts';
import { mean, sum } from '../autograd/reductions.ts';
import { checkFlag, checkRange, DTypeError, ShapeError, ValueError } from '../base/errors.ts';
import { checkNone, checkOptions, didYouMean } from '../base/options.ts';
import { elementsOf, sameShape } from '../base/shape.ts';
import { type FloatDType, isFloat } from '../memory/dtype.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Coding, checkOutputs, type Outputs } from './outputs.ts';
import { made, type NoFunction, type Recipe } from './recipes.ts';

/** From targets and predictions to one loss per sample, shape [batch]. Also what a custom loss is; it may be a scalar. */
export type LossFunction = (yTrue: Tensor, yPred: Tensor) => Tensor;

/** A loss with what training may know about it. */
export interface Loss extends NoFunction {
  /** As in `compile`; any other for a loss of your own. */
  readonly name: string;
  readonly call: LossFunction;
  /** Set if the loss has a stable form on the inputs of this last activation. */
  readonly activation?: 'softmax' | 'sigmoid';
  /** That form. */
  readonly callLogits?: LossFunction;
  /**
   * Whether a recorded step may be repeated without calling the loss again: it consists of operations on tensors alone,
   * the same ones each time. Those of this library say so; a loss of your own has to. Default false.
   */
  readonly replayable?: boolean;
  /** What predictions it takes. Left out: numbers, or what the last activation says. */
  readonly outputs?: Outputs;
  /** Options to make it again from its name. */
  readonly options?: Recipe;
}

const NAMES = [
  'mse',
  'mae',
  'huber',
  'binaryCrossentropy',
  'categoricalCrossentropy',
  'sparseCategoricalCrossentropy',
  'klDivergence',
  'hinge',
] as const;

/** A name of a file, or what the function is called that makes the loss. */
export type LossName = (typeof NAMES)[number] | 'meanSquaredError' | 'meanAbsoluteError';

export interface CrossentropyOptions {
  /** Predictions are inputs of the last activation, not probabilities. Default false. */
  readonly fromLogits?: boolean;
  /** Mixes the targets with the uniform distribution (Szegedy et al. 2016). Default 0. */
  readonly labelSmoothing?: number;
}

/** Probabilities are kept this far from 0 and 1 before a logarithm, as in Keras. */
const EPSILON = 1e-7;

/** Refuses shapes that would broadcast silently: (n, 1) against (n) is a classic wrong loss. */
function check(name: string, yTrue: Tensor, yPred: Tensor): void {
  if (!sameShape(yTrue.shape, yPred.shape)) {
    throw new ShapeError(name, [yTrue.shape, yPred.shape], 'targets and predictions must have the same shape');
  }
}

/** Mean over everything but the batch axis. */
function perSample(x: Tensor): Tensor {
  if (x.rank < 2) return x;
  if (x.size === x.shape[0]) return reshape(x, [x.size]); // the mean of one number is itself
  return mean(reshape(x, [x.shape[0]!, elementsOf(x.shape.slice(1))]), { axis: 1 });
}

function elementwise(name: string, f: LossFunction, more: Pick<Loss, 'options' | 'outputs'> = {}): Loss {
  const call: LossFunction = (yTrue, yPred) => {
    check(name, yTrue, yPred);
    return perSample(f(yTrue, yPred));
  };
  return made({ name, call, replayable: true, ...more });
}

/**
 * (yTrue - yPred)².
 *
 * @example
 * meanSquaredError().call(tensor([[1, 2], [3, 4]]), tensor([[1, 4], [3, 3]])); // [2. 0.5]
 * meanSquaredError().call(tensor([1, 2]), tensor([[1], [2]])); // throws ShapeError
 */
export function meanSquaredError(...none: readonly never[]): Loss {
  checkNone('meanSquaredError', none);
  return elementwise('mse', (yTrue, yPred) => square(sub(yPred, yTrue)));
}

/**
 * |yTrue - yPred|.
 *
 * @example
 * meanAbsoluteError().call(tensor([[1, 2], [3, 4]]), tensor([[1, 4], [3, 3]])); // [1. 0.5]
 */
export function meanAbsoluteError(...none: readonly never[]): Loss {
  checkNone('meanAbsoluteError', none);
  return elementwise('mae', (yTrue, yPred) => abs(sub(yPred, yTrue)));
}

/**
 * Half the square of errors up to `delta` (default 1), linear beyond (Huber 1964).
 *
 * @example
 * huber().call(tensor([0, 0]), tensor([1, 3])); // [0.5 2.5]
 * const loss = huber({ delta: 2 }); // for compile: an outlier's gradient is 2 at most
 */
export function huber(options: { readonly delta?: number } = {}): Loss {
  checkOptions('huber', options, 'delta', 'Write { delta: $ }');
  const { delta = 1 } = options;
  checkRange('huber', 'delta', delta, 'positive');
  const f: LossFunction = (yTrue, yPred) => {
    const error = abs(sub(yPred, yTrue));
    return where(less(error, delta), mul(square(error), 0.5), mul(sub(error, delta / 2), delta));
  };
  return elementwise('huber', f, { options: { delta } });
}

/**
 * max(0, 1 - y·p) with y in {-1, 1}; a target of 0 counts as -1. Outputs are margins, of independent labels if several.
 *
 * @example
 * hinge().call(tensor([1, -1, 0]), tensor([0.5, 0.5, -0.5])); // [0.5 1.5 0.5]
 */
export function hinge(...none: readonly never[]): Loss {
  checkNone('hinge', none);
  const margin: LossFunction = (yTrue, yPred) => {
    const y = where(equal(yTrue, 0), -1, yTrue);
    return maximum(sub(1, mul(y, yPred)), 0);
  };
  return elementwise('hinge', margin, { outputs: { coding: 'labels', scale: 'margins' } });
}

/**
 * Σ yTrue·log(yTrue/yPred) over the last axis, both clipped to [1e-7, 1].
 *
 * @example
 * klDivergence().call(tensor([[0.5, 0.5], [0.5, 0.5]]), tensor([[0.5, 0.5], [0.125, 0.875]])); // [0. 0.41333932]
 */
export function klDivergence(...none: readonly never[]): Loss {
  checkNone('klDivergence', none);
  const call: LossFunction = (yTrue, yPred) => {
    check('klDivergence', yTrue, yPred);
    const t = clip(yTrue, EPSILON, 1);
    const p = clip(yPred, EPSILON, 1);
    return perSample(sum(mul(t, log(div(t, p))), { axis: -1 }));
  };
  const outputs: Outputs = { coding: 'classes', scale: 'probabilities' };
  return made({ name: 'klDivergence', call, replayable: true, outputs });
}

/** Mixes targets with the uniform distribution over some classes. */
function smoother(name: string, options: CrossentropyOptions): (y: Tensor, classes: number) => Tensor {
  checkOptions(name, options, 'fromLogits labelSmoothing');
  const { labelSmoothing: s = 0 } = options;
  checkRange(name, 'labelSmoothing', s, 'in [0, 1)');
  return (y, classes) => (s === 0 ? y : add(mul(y, 1 - s), s / classes));
}

/**
 * -(y·log p + (1 - y)·log(1 - p)), mean over the last axes.
 *
 * @example
 * binaryCrossentropy().call(tensor([1, 0]), tensor([0.5, 0.75])); // [0.6931472 1.3862944]
 * const loss = binaryCrossentropy({ fromLogits: true }); // for a last layer without sigmoid
 * loss.call(tensor([1, 0]), tensor([0, 0])); // [0.6931472 0.6931472]
 */
export function binaryCrossentropy(options: CrossentropyOptions = {}): Loss {
  const name = 'binaryCrossentropy';
  const smooth = smoother(name, options);
  const onLogits: LossFunction = (yTrue, z) => {
    check(name, yTrue, z);
    return perSample(sub(softplus(z), mul(z, smooth(yTrue, 2)))); // log(1 + eᶻ) - yz
  };
  const onProbabilities: LossFunction = (yTrue, yPred) => {
    check(name, yTrue, yPred);
    const t = smooth(yTrue, 2);
    const p = clip(yPred, EPSILON, 1 - EPSILON);
    return perSample(neg(add(mul(t, log(p)), mul(sub(1, t), log(sub(1, p))))));
  };
  return crossentropy(name, options, 'sigmoid', onProbabilities, onLogits);
}

/**
 * -Σ y·log p over the last axis, targets one-hot or probabilities.
 *
 * @example
 * categoricalCrossentropy().call(tensor([[0, 1, 0]]), tensor([[0.25, 0.5, 0.25]])); // [0.6931472]
 * model.compile({ optimizer: 'adam', loss: categoricalCrossentropy({ labelSmoothing: 0.1 }) });
 */
export function categoricalCrossentropy(options: CrossentropyOptions = {}): Loss {
  const name = 'categoricalCrossentropy';
  const smooth = smoother(name, options);
  const prepare = (yTrue: Tensor, yPred: Tensor): Tensor => {
    check(name, yTrue, yPred);
    return smooth(yTrue, yTrue.shape.at(-1)!);
  };
  return categorical(name, options, prepare);
}

/**
 * categoricalCrossentropy with integer labels, shape [batch] or [batch, 1].
 *
 * @example
 * const labels = tensor([1, 0], { dtype: 'int32' });
 * sparseCategoricalCrossentropy().call(labels, tensor([[0.5, 0.5], [1, 1]])); // [0.6931472 0.6931472]
 * const loss = sparseCategoricalCrossentropy({ fromLogits: true }); // for a last layer without softmax
 */
export function sparseCategoricalCrossentropy(options: CrossentropyOptions = {}): Loss {
  const name = 'sparseCategoricalCrossentropy';
  const smooth = smoother(name, options);
  const prepare = (yTrue: Tensor, yPred: Tensor): Tensor => {
    if (yTrue.dtype !== 'int32') throw new DTypeError(name, [yTrue.dtype], 'labels must be int32');
    const batch = yPred.shape.slice(0, -1);
    if (yTrue.size !== elementsOf(batch)) {
      throw new ShapeError(name, [yTrue.shape, yPred.shape], 'needs one label per row of predictions');
    }
    const classes = yPred.shape.at(-1)!;
    return smooth(oneHot(reshape(yTrue, batch), classes, yPred.dtype), classes);
  };
  return categorical(name, options, prepare);
}

function categorical(name: string, options: CrossentropyOptions, prepare: LossFunction): Loss {
  const onLogits: LossFunction = (yTrue, z) => perSample(softmaxCrossEntropy(z, prepare(yTrue, z)));
  const onProbabilities: LossFunction = (yTrue, yPred) => {
    const t = prepare(yTrue, yPred);
    const total = maximum(sum(yPred, { axis: -1, keepDims: true }), EPSILON); // a row of zeros is not 0/0
    const p = clip(div(yPred, total), EPSILON, 1 - EPSILON);
    return perSample(neg(sum(mul(t, log(p)), { axis: -1 })));
  };
  return crossentropy(name, options, 'softmax', onProbabilities, onLogits);
}

function crossentropy(
  name: string,
  options: CrossentropyOptions,
  activation: 'softmax' | 'sigmoid',
  onProbabilities: LossFunction,
  onLogits: LossFunction,
): Loss {
  const { fromLogits = false, labelSmoothing = 0 } = options;
  checkFlag(name, 'fromLogits', fromLogits);
  const coding: Coding = activation === 'softmax' ? 'classes' : 'labels';
  const common = { name, replayable: true, options: { fromLogits, labelSmoothing } };
  if (fromLogits) return made({ ...common, call: onLogits, outputs: { coding, scale: 'logits' } as const });
  const outputs: Outputs = { coding, scale: 'probabilities' };
  return made({ ...common, call: onProbabilities, activation, callLogits: onLogits, outputs });
}

/** The functions that make losses, which may stand for what they make. */
const MAKERS: readonly unknown[] = [
  meanSquaredError,
  meanAbsoluteError,
  huber,
  binaryCrossentropy,
  categoricalCrossentropy,
  sparseCategoricalCrossentropy,
  klDivergence,
  hinge,
];

export type LossChoice = LossName | Loss | LossFunction | (() => Loss);

/** The loss behind a choice. */
export function lossOf(choice: LossChoice): Loss {
  if (typeof choice === 'string') return lossByName(choice, {});
  if (MAKERS.includes(choice)) return (choice as () => Loss)();
  if (typeof choice === 'function') return { name: 'custom', call: choice as LossFunction };
  if (choice?.outputs !== undefined) checkOutputs('compile', choice.outputs);
  if (typeof choice?.call === 'function' && typeof choice.name === 'string') return choice;
  throw new ValueError('compile', 'loss', 'a name, a function of targets and predictions, or { name, call }', choice);
}

/** A loss made again from the name and options that a file holds. */
export function lossByName(name: string, options: Recipe): Loss {
  switch (name) {
    case 'mse':
    case 'meanSquaredError':
      return meanSquaredError();
    case 'mae':
    case 'meanAbsoluteError':
      return meanAbsoluteError();
    case 'huber':
      return huber(options);
    case 'binaryCrossentropy':
      return binaryCrossentropy(options);
    case 'categoricalCrossentropy':
      return categoricalCrossentropy(options);
    case 'sparseCategoricalCrossentropy':
      return sparseCategoricalCrossentropy(options);
    case 'klDivergence':
      return klDivergence();
    case 'hinge':
      return hinge();
    default:
      throw new ValueError('compile', 'loss', `one of ${NAMES.join(', ')}`, name, didYouMean(name, NAMES));
  }
}

/**
 * `t` [batch, ...] with 0 for samples of weight 0: of them no gradient flows back, though a loss be NaN or infinite, and 0
 * times that no number.
 */
export function present(t: Tensor, weights: Tensor | null): Tensor {
  if (weights === null || !isFloat(t.dtype)) return t;
  return where(reshape(equal(weights, 0), [weights.size, ...t.shape.slice(1).map(() => 1)]), 0, t);
}

/**
 * Whole-batch loss: mean over samples of weight·loss, as Keras's sum_over_batch_size. A sample of weight 0 is counted, and adds
 * 0 whatever its loss is.
 */
export function reduceLoss(losses: Tensor, weights: Tensor | null): Tensor {
  if (weights === null) return mean(losses);
  if (!sameShape(losses.shape, weights.shape)) {
    throw new ShapeError('loss', [losses.shape, weights.shape], 'sample weights need one loss per sample');
  }
  return mean(where(equal(weights, 0), 0, mul(losses, cast(weights, losses.dtype as FloatDType))));
}
