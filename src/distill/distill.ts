import { add, equal, mul, sub, where } from '../autograd/arithmetic.ts';
import { softplus, square } from '../autograd/elementwise.ts';
import { concat, oneHot, reshape, slice } from '../autograd/movement.ts';
import { softmaxCrossEntropy } from '../autograd/products.ts';
import { mean } from '../autograd/reductions.ts';
import { noGrad } from '../autograd/tape.ts';
import { checkRange, ShapeError, StateError } from '../base/errors.ts';
import { checkOptions, defined } from '../base/options.ts';
import { sameShape } from '../base/shape.ts';
import { cloneModel } from '../compress/clone.ts';
import { step } from '../memory/arena.ts';
import type { FloatDType } from '../memory/dtype.ts';
import { checkModel } from '../nn/check-model.ts';
import { outputsOf } from '../nn/heads.ts';
import {
  binaryCrossentropy,
  categoricalCrossentropy,
  type Loss,
  type LossFunction,
  meanSquaredError,
  sparseCategoricalCrossentropy,
} from '../nn/losses.ts';
import type { Metric } from '../nn/metric.ts';
import { metricOf } from '../nn/metrics.ts';
import type { FitOptions, History, Model } from '../nn/model.ts';
import { choicesOf } from '../nn/objective.ts';
import { Adam, type Optimizer } from '../nn/optimizers.ts';
import { batchesOf, type Data, oneOrAll, type Tensors, tensorsOf } from '../nn/samples.ts';
import { targetsFor } from '../nn/targets.ts';
import { tensorOfValues, type Values } from '../nn/values.ts';
import { empty, keep, type Tensor } from '../tensor/tensor.ts';
import { sigmoidDivergence, softmaxDivergence } from './divergence.ts';

export interface DistillOptions extends Pick<FitOptions, 'epochs' | 'batchSize' | 'callbacks' | 'shuffle'> {
  readonly teacher: Model;
  /** Trained as a copy; the given one is unchanged. */
  readonly student: Model;
  /** A list for several inputs. */
  readonly x: Data;
  /** Labels or one-hot rows; numbers for regression. */
  readonly y: Values;
  readonly validationData?: readonly [x: Data, y: Values];
  /** Softens both distributions. Default 3. */
  readonly temperature?: number;
  /** Weight of the teacher's word against the labels'. Default 0.5. */
  readonly alpha?: number;
  /** Default Adam. */
  readonly optimizer?: Optimizer;
}

const DISTILL_OPTIONS =
  'teacher student x y validationData temperature alpha optimizer epochs batchSize callbacks shuffle';

/**
 * Knowledge distillation (Hinton et al. 2015): the student learns alpha·T²·KL(softmax(t/T) ‖ softmax(s/T)) plus
 * (1 - alpha) times the loss on the labels, where t and s are the logits of teacher and student. T² keeps the gradient's
 * size when T changes (section 2). A final sigmoid, or its logits, is treated as a softmax over two classes; other outputs
 * with numbers as targets are regression: the mean squared errors to teacher and labels are mixed. A network that ends in
 * softmax is read before it; one that ends in no activation gives logits if it was compiled so (`fromLogits`), the other
 * ends in softmax, or y are labels. Metrics in the history: `accuracy` for classes, `mse` for regression, against the labels. Afterwards the model is compiled as the
 * given student is, or with the plain loss on the labels.
 */
export function distill(options: DistillOptions): { model: Model; history: History } {
  checkOptions('distill', options, DISTILL_OPTIONS);
  const { teacher, validationData, temperature = 3, alpha = 0.5, optimizer = new Adam() } = options;
  checkRange('distill', 'temperature', temperature, 'positive');
  checkRange('distill', 'alpha', alpha, 'between 0 and 1');
  checkModel('distill', 'teacher', teacher);
  checkModel('distill', 'student', options.student);
  const student = cloneModel(options.student);
  const several = [teacher, student].find(({ outputCount }) => outputCount > 1);
  if (several !== undefined)
    throw new StateError(
      'distill',
      `the ${several === student ? 'student' : 'teacher'} has several outputs, and one is distilled`,
    );
  const { dtype } = student;
  const inputsOf = (given: Data): readonly Tensor[] =>
    tensorsOf('distill', 'x', given, student.inputCount, {
      dtypes: student.inputDtypes,
      shapes: student.isBuilt ? student.inputShapes : [],
    });
  const x = inputsOf(options.x);
  const y = tensorOfValues('distill', 'y', options.y, dtype);
  if (!student.isBuilt) student.build(x.map(({ shape }) => shape.slice(1)));
  const reads = teacher.inputShapes;
  if (reads.length !== student.inputCount || student.inputShapes.some((shape, i) => !sameShape(shape, reads[i]!))) {
    throw new ShapeError(
      'distill',
      [...reads, ...student.inputShapes],
      'teacher and student must read samples of the same shapes',
    );
  }
  if (!sameShape(teacher.outputShape, student.outputShape) || student.outputShape.length !== 1) {
    throw new ShapeError(
      'distill',
      [teacher.outputShape, student.outputShape],
      'teacher and student must have the same outputs, one axis',
    );
  }
  const width = student.outputShape[0]!;
  const areLabels = width > 1 && y.size === y.shape[0];
  const kind = kindOf(teacher, student, areLabels);
  const hard = plainLoss(kind, student, areLabels);
  const meaning = outputsOf(options.student.isCompiled ? options.student : student);
  const isSingle = kind === 'sigmoid' && (width === 1 || (!areLabels && !options.student.isCompiled));
  const coding = isSingle ? 'labels' : meaning.coding;
  const loss = { ...distillationLoss(width, temperature, alpha, kind), outputs: { ...meaning, coding } };
  const metric = kind === 'regression' ? 'mse' : 'accuracy';
  const own = options.student.isCompiled
    ? { ...choicesOf(options.student.objectives), replay: options.student.replay }
    : { loss: hard, metrics: [metricOf(metric)], replay: true };
  const { replay } = own;
  const after = { optimizer: student.isCompiled ? student.optimizer : optimizer, ...own };
  student.compile({ optimizer, loss, metrics: [onLabels(metric, width)], replay });
  const pack = (xs: readonly Tensor[], targets: Tensor): Tensor => {
    const n = xs[0]!.shape[0]!;
    if (targets.shape[0] !== n)
      throw new ShapeError('distill', [xs[0]!.shape, targets.shape], 'x and y must have the same number of samples');
    const taken = targetsFor(
      'distill',
      'y',
      targets,
      areLabels ? sparseCategoricalCrossentropy() : hard,
      [width],
      dtype,
    );
    const labels = taken.dtype === 'int32' ? oneHot(reshape(taken, [n]), width, dtype) : taken;
    const rows = meaning.scale === 'margins' ? where(equal(labels, 0), -1, labels) : labels; // as hinge takes them
    return keep(concat([rows, answersOf(teacher, xs, width, dtype, kind)], 1));
  };
  const held = (given: Data, targets: Values): [Tensors, Tensor] => {
    const xs = inputsOf(given);
    return [oneOrAll(xs), pack(xs, tensorOfValues('distill', 'y of validationData', targets, dtype))];
  };
  const { epochs, batchSize, callbacks, shuffle } = options;
  const validation = validationData && { validationData: held(...validationData) };
  const history = student.fit(x, pack(x, y), { ...defined({ epochs, batchSize, callbacks, shuffle }), ...validation });
  student.compile(after);
  return { model: student, history };
}

type Kind = 'softmax' | 'sigmoid' | 'regression';

/** How the outputs are to be read. Throws StateError where teacher and student mean different things by them. */
function kindOf(teacher: Model, student: Model, areLabels: boolean): Kind {
  const t = kindBy(teacher);
  const s = kindBy(student);
  const teachers = teacher.lastActivation;
  const students = student.lastActivation;
  const isMixed = (t === 'sigmoid') !== (s === 'sigmoid');
  if (isMixed || (s === 'sigmoid' && areLabels && students !== 'sigmoid'))
    throw new StateError(
      'distill',
      `the teacher ends in ${teachers}, the student in ${students}: both or neither must end in sigmoid, or give its logits (compile with binaryCrossentropy({ fromLogits: true }))`,
    );
  const kind = s === 'regression' && (areLabels || t === 'softmax') ? 'softmax' : s;
  if (kind !== 'regression' && student.outputActivation(true).name !== students)
    throw new StateError(
      'distill',
      `Dropout after the student's ${students} hides its logits in training: put it before`,
    );
  return kind;
}

/** How a model's outputs are read by themselves. */
function kindBy(model: Model): Kind {
  if (model.lastActivation === 'sigmoid') return 'sigmoid';
  const { coding, scale } = outputsOf(model);
  if (coding === 'numbers' || scale === 'margins') return 'regression';
  return coding === 'labels' || model.outputShape[0] === 1 ? 'sigmoid' : 'softmax';
}

/** The loss on labels alone. */
function plainLoss(kind: Kind, student: Model, areLabels: boolean): Loss {
  if (kind === 'regression') return meanSquaredError();
  if (kind === 'sigmoid') return binaryCrossentropy({ fromLogits: student.lastActivation !== 'sigmoid' });
  const fromLogits = student.lastActivation !== 'softmax';
  return areLabels ? sparseCategoricalCrossentropy({ fromLogits }) : categoricalCrossentropy({ fromLogits });
}

/** The teacher's logits (regression: outputs), [samples, width]. */
function answersOf(teacher: Model, xs: readonly Tensor[], width: number, dtype: FloatDType, kind: Kind): Tensor {
  const n = xs[0]!.shape[0]!;
  const logits = kind === 'sigmoid' || teacher.lastActivation === 'softmax';
  const answers = empty([n, width], dtype);
  for (const [start, count] of batchesOf(n, 256)) {
    step(() => {
      const inputs = xs.map((t) => slice(t, [[start, start + count]]));
      const part = noGrad(() => teacher.forward(inputs, { logits }));
      answers.storage.array.set(part.data, start * width);
    });
  }
  return answers;
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
    create(meaning) {
      const state = metricOf(name).create(meaning);
      return { update: (packed, p) => state.update(labelsOf(packed, outputs), p), result: () => state.result() };
    },
  };
}
