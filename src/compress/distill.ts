import { add, mul, sub } from '../autograd/arithmetic.ts';
import { softplus, square } from '../autograd/elementwise.ts';
import { cast, concat, oneHot, reshape, slice } from '../autograd/movement.ts';
import { softmaxCrossEntropy } from '../autograd/products.ts';
import { mean } from '../autograd/reductions.ts';
import { noGrad } from '../autograd/tape.ts';
import { checkRange, ShapeError, StateError, ValueError } from '../base/errors.ts';
import { defined } from '../base/options.ts';
import { sameShape } from '../base/shape.ts';
import { step } from '../memory/arena.ts';
import {
  binaryCrossentropy,
  categoricalCrossentropy,
  type Loss,
  type LossFunction,
  meanSquaredError,
  sparseCategoricalCrossentropy,
} from '../nn/losses.ts';
import { type Metric, metricOf } from '../nn/metrics.ts';
import type { FitOptions, History, Model } from '../nn/model.ts';
import { choicesOf } from '../nn/objective.ts';
import { Adam, type Optimizer } from '../nn/optimizers.ts';
import { batchesOf, listOf, type Tensors } from '../nn/samples.ts';
import { empty, keep, Tensor } from '../tensor/tensor.ts';
import { cloneModel } from './clone.ts';
import { sigmoidDivergence, softmaxDivergence } from './divergence.ts';

export interface DistillOptions extends Pick<FitOptions, 'epochs' | 'batchSize' | 'callbacks' | 'shuffle'> {
  readonly teacher: Model;
  /** Trained as a copy; the given one is unchanged. */
  readonly student: Model;
  /** A list for several inputs. */
  readonly x: Tensors;
  /** int32 labels or one-hot rows; numbers for regression. */
  readonly y: Tensor;
  readonly validationData?: readonly [x: Tensors, y: Tensor];
  /** Softens both distributions. Default 3. */
  readonly temperature?: number;
  /** Weight of the teacher's word against the labels'. Default 0.5. */
  readonly alpha?: number;
  /** Default Adam. */
  readonly optimizer?: Optimizer;
}

/**
 * Knowledge distillation (Hinton et al. 2015): the student learns alpha·T²·KL(softmax(t/T) ‖ softmax(s/T)) plus
 * (1 - alpha) times the loss on the labels, where t and s are the logits of teacher and student. T² keeps the gradient's
 * size when T changes (section 2). A final sigmoid is treated as a softmax over two classes; other outputs with numbers
 * as targets are regression: the mean squared errors to teacher and labels are mixed. A network that ends in softmax
 * is read before it; one that ends in no activation gives logits if the other ends in softmax or y are labels. Metrics in
 * the history: `accuracy` for classes, `mse` for regression, against the labels. Afterwards the model is compiled as the
 * given student is, or with the plain loss on the labels.
 */
export function distill(options: DistillOptions): { model: Model; history: History } {
  const { teacher, x, y, validationData, temperature = 3, alpha = 0.5, optimizer = new Adam() } = options;
  if (!(y instanceof Tensor)) throw new ValueError('distill', 'y', 'a tensor', y);
  checkRange('distill', 'temperature', temperature, 'positive');
  checkRange('distill', 'alpha', alpha, 'between 0 and 1');
  const student = cloneModel(options.student);
  const several = [teacher, student].find(({ outputCount }) => outputCount > 1);
  if (several !== undefined)
    throw new StateError(
      'distill',
      `the ${several === student ? 'student' : 'teacher'} has several outputs, and one is distilled`,
    );
  if (!student.isBuilt) student.build(listOf(x).map(({ shape }) => shape.slice(1)));
  if (!sameShape(teacher.outputShape, student.outputShape) || student.outputShape.length !== 1) {
    throw new ShapeError(
      'distill',
      [teacher.outputShape, student.outputShape],
      'teacher and student must have the same outputs, one axis',
    );
  }
  const outputs = student.outputShape[0]!;
  const kind = kindOf(teacher, student, y);
  const loss = distillationLoss(outputs, temperature, alpha, kind);
  const metric = kind === 'regression' ? 'mse' : 'accuracy';
  const own = options.student.isCompiled
    ? { ...choicesOf(options.student.objectives), replay: options.student.replay }
    : { loss: plainLoss(kind, student, y), metrics: [metricOf(metric)], replay: true };
  const { replay } = own;
  const after = { optimizer: student.isCompiled ? student.optimizer : optimizer, ...own };
  student.compile({ optimizer, loss, metrics: [onLabels(metric, outputs)], replay });
  const pack = (inputs: Tensors, targets: Tensor): Tensor => packTargets(teacher, inputs, targets, student, kind);
  const { epochs, batchSize, callbacks, shuffle } = options;
  const validation = validationData && { validationData: [validationData[0], pack(...validationData)] as const };
  const history = student.fit(x, pack(x, y), { ...defined({ epochs, batchSize, callbacks, shuffle }), ...validation });
  student.compile(after);
  return { model: student, history };
}

type Kind = 'softmax' | 'sigmoid' | 'regression';

/** How the outputs are to be read. Throws StateError where teacher and student mean different things by them. */
function kindOf(teacher: Model, student: Model, y: Tensor): Kind {
  const t = teacher.lastActivation;
  const s = student.lastActivation;
  const isSoftmax = (name: string): boolean => name === 'softmax' || name === 'logSoftmax';
  const labelled = student.outputShape[0]! > 1 && y.dtype === 'int32';
  const kind = s === 'sigmoid' ? 'sigmoid' : labelled || isSoftmax(s) || isSoftmax(t) ? 'softmax' : 'regression';
  if (kind !== 'regression' && student.outputActivation(true).name !== s)
    throw new StateError('distill', `Dropout after the student's ${s} hides its logits in training: put it before`);
  if ((t === 'sigmoid') === (kind === 'sigmoid')) return kind;
  throw new StateError('distill', `the teacher ends in ${t}, the student in ${s}: both or neither must end in sigmoid`);
}

/** The loss on labels alone. */
function plainLoss(kind: Kind, student: Model, y: Tensor): Loss {
  if (kind === 'regression') return meanSquaredError();
  if (kind === 'sigmoid') return binaryCrossentropy();
  const fromLogits = student.lastActivation !== 'softmax';
  return y.dtype === 'int32' ? sparseCategoricalCrossentropy({ fromLogits }) : categoricalCrossentropy({ fromLogits });
}

/** Labels and the teacher's logits (regression: outputs) side by side, [samples, 2·outputs]. */
function packTargets(teacher: Model, x: Tensors, y: Tensor, { outputShape, dtype }: Model, kind: Kind): Tensor {
  const xs = listOf(x);
  const n = xs[0]!.shape[0]!;
  const outputs = outputShape[0]!;
  if (y.shape[0] !== n)
    throw new ShapeError('distill', [xs[0]!.shape, y.shape], 'x and y must have the same number of samples');
  const logits = kind === 'sigmoid' || teacher.lastActivation === 'softmax';
  const answers = empty([n, outputs], dtype);
  for (const [start, count] of batchesOf(n, 256)) {
    step(() => {
      const inputs = xs.map((t) => slice(t, [[start, start + count]]));
      const part = noGrad(() => teacher.forward(inputs, { logits }));
      answers.storage.array.set(part.data, start * outputs);
    });
  }
  const isLabels = y.dtype === 'int32' && outputs > 1 && y.size === n;
  const flatLabels = isLabels ? oneHot(reshape(y, [n]), outputs, dtype) : cast(reshape(y, [n, -1]), dtype);
  if (flatLabels.shape[1] !== outputs)
    throw new ShapeError('distill', [y.shape, [n, outputs]], 'targets do not fit the outputs');
  return keep(concat([flatLabels, answers], 1));
}

const labelsOf = (packed: Tensor, outputs: number): Tensor => slice(packed, [null, [0, outputs]]);

function distillationLoss(outputs: number, temperature: number, alpha: number, kind: Kind): Loss {
  const teacherOf = (packed: Tensor): Tensor => slice(packed, [null, [outputs, 2 * outputs]]);
  const mix = (soft: Tensor, hard: Tensor): Tensor => add(mul(soft, alpha), mul(hard, 1 - alpha));
  const T = temperature;
  const onLogits: LossFunction = (packed, s) => {
    const labels = labelsOf(packed, outputs);
    const t = teacherOf(packed);
    if (kind === 'regression') return mean(mix(square(sub(s, t)), square(sub(s, labels))), { axis: 1 });
    if (kind === 'sigmoid') {
      // Cross-entropy of two classes on logits
      const hard = sub(softplus(s), mul(s, labels));
      return mean(mix(mul(sigmoidDivergence(t, s, T), T * T), hard), { axis: 1 });
    }
    return mix(mul(softmaxDivergence(t, s, T), T * T), softmaxCrossEntropy(s, labels));
  };
  const loss = { name: 'custom', call: onLogits, replayable: true };
  return kind === 'regression' ? loss : { ...loss, activation: kind, callLogits: onLogits };
}

/** A metric that looks at the labels' half of packed targets. */
function onLabels(name: 'accuracy' | 'mse', outputs: number): Metric {
  return {
    name,
    create() {
      const state = metricOf(name).create();
      return { update: (packed, p) => state.update(labelsOf(packed, outputs), p), result: () => state.result() };
    },
  };
}
