import { concat } from '../autograd/movement.ts';
import { checkOneOf, checkRange, ShapeError, StateError, ValueError } from '../base/errors.ts';
import { checkOptions, defined } from '../base/options.ts';
import { sameShape } from '../base/shape.ts';
import { cloneModel, freshOptimizer } from '../compress/clone.ts';
import { checkModel } from '../nn/check-model.ts';
import { metricOf } from '../nn/metrics.ts';
import type { FitOptions, History, Model } from '../nn/model.ts';
import { choicesOf } from '../nn/objective.ts';
import { Adam, type Optimizer } from '../nn/optimizers.ts';
import { type Data, oneOrAll, type Tensors, tensorsOf } from '../nn/samples.ts';
import { tensorOfValues } from '../nn/values.ts';
import type { Tensor, Values } from '../tensor/tensor.ts';
import { checkTemperature } from './divergence.ts';
import { checkTerms, TaughtFeatures } from './features.ts';
import { aliased, asOfStudent } from './figures.ts';
import { checkLesson, type Lesson, Parts, TaughtOutput } from './outputs.ts';
import { answersOf, checkMembers, type Ensemble, Member, type Teacher } from './teacher.ts';
import type { Term } from './terms.ts';
import { TrainingNetwork } from './training-network.ts';

export interface DistillOptions extends Pick<FitOptions, 'epochs' | 'batchSize' | 'callbacks' | 'shuffle' | 'verbose'> {
  /** A model, or a network in any encoding; a list for an ensemble. */
  readonly teacher: Teacher | readonly Teacher[];
  /** Trained as a copy; the given one is unchanged. */
  readonly student: Model;
  /** A list for several inputs. */
  readonly x: Data;
  /** Labels or one-hot rows; numbers for regression; a list for several outputs. Left out, the teacher alone is learned from. */
  readonly y?: Data;
  /** Further samples without labels, of which the teacher alone tells. */
  readonly unlabelled?: Data;
  /** With y, if the training has it. */
  readonly validationData?: readonly [x: Data, y?: Data];
  /** Softens both distributions; from 0.001 to 1,000,000. Default 3. */
  readonly temperature?: number;
  /** Weight of the teacher's word against the labels'. Default 0.5; 1 without y. */
  readonly alpha?: number;
  /**
   * How the answers of several teachers become one: the mean of their softened probabilities, or of their logits, which is the
   * geometric mean of these. Of regression it is the mean either way. Default `probabilities`.
   */
  readonly ensemble?: Ensemble;
  /**
   * Of regression: the student learns from the teacher's word only that it is to do better than the teacher, by this much: the
   * squared error to the labels counts with alpha where it is not that far below the teacher's own (Chen et al. 2017, eq. 4).
   */
  readonly margin?: number;
  /** What the outputs count in the sum. Default 1 each. */
  readonly lossWeights?: readonly number[];
  /** What is learned from the teacher's features. */
  readonly terms?: readonly Term[];
  /** Models between teacher and student in size, from large to small: each learns from the one before (Mirzadeh et al. 2020). */
  readonly assistants?: readonly Model[];
  /** Default Adam. A function is called for each model that is trained. */
  readonly optimizer?: Optimizer | (() => Optimizer);
}

/** What all ways to distil are told alike. */
export const COMMON_OPTIONS =
  'x y unlabelled temperature alpha ensemble margin lossWeights terms optimizer epochs batchSize callbacks shuffle verbose';

export interface Distilled {
  readonly model: Model;
  readonly history: History;
  /** The assistants as they were trained, each with its history. */
  readonly assistants?: readonly { readonly model: Model; readonly history: History }[];
}

/**
 * Knowledge distillation (Hinton et al. 2015, arXiv:1503.02531v1): the student learns alpha·T²·KL(softmax(t/T) ‖ softmax(s/T)) plus
 * (1 - alpha) times the loss on the labels (smoothed as those of its own loss are), where t and s are the logits of teacher and student. T² keeps the gradient's
 * size when T changes (section 2). A final sigmoid, or its logits, is treated as a softmax over two classes; other outputs
 * with numbers as targets are regression: the mean squared errors to teacher and labels are mixed. A network that ends in
 * softmax is read before it; one that ends in no activation gives logits if it was compiled so (`fromLogits`), the other
 * ends in softmax, or y are labels. Outputs with places, as of an image, are taught place by place.
 *
 * The teacher answers all samples once, before the student is trained by `fit`; samples without labels have a hard loss of 0.
 * Features of `terms` are compared in a network with heads, which callbacks see; the heads are gone afterwards, and masks,
 * shared weights and fake quantizers are the student's. Metrics in the history: `accuracy` for classes, `mse` for regression,
 * against the labels; without y `agreement`, the share of samples on which the student decides as its teacher does.
 * Afterwards the model is compiled as the given student is, or with the plain loss on the labels.
 *
 * @example
 * const student = new Sequential([new Dense(4, { activation: 'relu' }), new Dense(2, { activation: 'softmax' })]);
 * const { model: taught } = distill({ teacher: model, student, x, y, temperature: 3, epochs: 2 });
 */
export function distill(options: DistillOptions): Distilled {
  checkOptions('distill', options, `teacher student validationData assistants ${COMMON_OPTIONS}`);
  const { assistants, ...own } = options;
  if (assistants === undefined) return taught(own);
  if (!Array.isArray(assistants))
    throw new ValueError('distill', 'assistants', 'a list of models, from large to small', assistants);
  if (own.terms !== undefined && assistants.length > 0)
    throw new ValueError(
      'distill',
      'terms',
      'left out with assistants, whose values have other names',
      own.terms,
      'Distill step by step, the next teacher being the model of the step before',
    );
  const trained: { readonly model: Model; readonly history: History }[] = [];
  let teacher: DistillOptions['teacher'] = own.teacher;
  for (const student of assistants as readonly Model[]) {
    checkModel('distill', 'an assistant', student);
    const step = taught({ ...own, teacher, student, optimizer: () => fresh(options.optimizer) });
    trained.push(step);
    teacher = step.model;
  }
  return { ...taught({ ...own, teacher }), assistants: trained };
}

/** An optimizer of these options that has taken no step. Throws StateError where one with a schedule is given itself. */
export function fresh(given: DistillOptions['optimizer']): Optimizer {
  if (given === undefined) return new Adam();
  if (typeof given === 'function') return given();
  const made = freshOptimizer(given);
  if (made !== null) return made;
  throw new StateError(
    'distill',
    `several models are trained and the optimizer ${given.name} cannot be made anew: give a function, as optimizer: () => ` +
      'new Adam({ learningRate: cosineDecay(0.1, 100) })',
  );
}

/** One student of one teacher, or of an ensemble. */
function taught(options: Omit<DistillOptions, 'assistants'>): { readonly model: Model; readonly history: History } {
  const { validationData, temperature = 3, ensemble = 'probabilities', terms = [], lossWeights } = options;
  const hasLabels = options.y !== undefined;
  const lesson: Lesson = { temperature, alpha: options.alpha ?? (hasLabels ? 0.5 : 1), margin: options.margin ?? null };
  checkTemperature('distill', temperature);
  checkRange('distill', 'alpha', lesson.alpha, 'between 0 and 1');
  if (lesson.margin !== null) checkRange('distill', 'margin', lesson.margin, 'at least 0');
  checkOneOf('distill', 'ensemble', ensemble, ['probabilities', 'logits']);
  checkLesson(lesson, hasLabels);
  checkTerms(terms);
  const members = membersOf(options.teacher);
  checkModel('distill', 'student', options.student);
  const student = cloneModel(options.student);
  const { dtype, outputCount } = student;
  const inputsOf = (given: Data, called = 'x'): readonly Tensor[] =>
    tensorsOf('distill', called, given, student.inputCount, {
      dtypes: student.inputDtypes,
      shapes: student.isBuilt ? student.inputShapes : [],
    });
  const targetsOf = (given: Data, called: string): readonly Tensor[] =>
    outputCount === 1
      ? [tensorOfValues('distill', called, given as Values, dtype)]
      : tensorsOf('distill', called, given, outputCount, { dtype });
  const labelledXs = inputsOf(options.x);
  const y = hasLabels ? targetsOf(options.y, 'y') : null;
  if (!student.isBuilt) student.build(labelledXs.map(({ shape }) => shape.slice(1)));
  checkMembers('distill', members, student);
  const more = options.unlabelled === undefined ? null : inputsOf(options.unlabelled, 'unlabelled');
  const odd = more?.findIndex((part, i) => !sameShape(part.shape.slice(1), labelledXs[i]!.shape.slice(1))) ?? -1;
  if (odd >= 0)
    throw new ShapeError('distill', [labelledXs[odd]!.shape, more![odd]!.shape], 'x and unlabelled differ in shape');
  const xs = more === null ? labelledXs : labelledXs.map((x, i) => concat([x, more[i]!]));
  const samples = xs[0]!.shape[0]!;
  const held = validationData && heldOut(validationData, hasLabels);
  const heldY = held?.y === undefined ? null : targetsOf(held.y, 'y of validationData');
  const outputs = student.outputShapes.map((_, i) => {
    return new TaughtOutput(student, options.student, members, i, y?.[i] ?? heldY?.[i] ?? null);
  });
  if (lesson.margin !== null && outputs.every(({ kind }) => kind !== 'regression'))
    throw new ValueError('distill', 'margin', 'left out for classes: it is of regression', lesson.margin);
  const features = terms.map((term, i) => new TaughtFeatures(term, i, student, members, samples));
  const needs = new Set(features.flatMap((each) => each.needs));
  const parts = outputs.map(
    ({ width }) =>
      new Parts(width, {
        labels: hasLabels || heldY !== null,
        answers: lesson.alpha > 0 || lesson.margin !== null,
        isLabelled: hasLabels ? more !== null : heldY !== null,
      }),
  );
  const pack = (inputs: readonly Tensor[], ys: readonly Tensor[] | null, called: string, from: number): Packed => {
    const n = inputs[0]!.shape[0]!;
    const labelled = ys === null ? 0 : ys[0]!.shape[0]!;
    const own = ys !== null && from === 0 ? labelledXs : inputs; // those that have labels
    const other = ys?.find(({ shape }) => shape[0] !== own[0]!.shape[0]);
    if (other !== undefined)
      throw new ShapeError('distill', [own[0]!.shape, other.shape], 'x and y must have the same number of samples');
    const labels = outputs.map((output, i) => ys && output.labels(ys[i]!, dtype, oneName(called, i, outputCount)));
    const kinds = outputs.map(({ kind }, i) =>
      parts[i]!.columns.answers !== null || (i === 0 && needs.has('answers')) ? kind : null,
    );
    const taps = features.map(({ tap }) => tap);
    const { answers, kept } = answersOf(members, inputs, { kinds, temperature, ensemble, dtype, taps });
    const targets = outputs.map((output, i) => output.pack(parts[i]!, labels[i]!, answers[i]!, n, dtype));
    const seen = { answers: answers[0]!, labels: labels[0]!, labelled, from };
    return { inputs, kept, targets: [...targets, ...features.map((each, i) => each.pack(kept[i]!, seen, dtype))] };
  };
  const packed = pack(xs, y, 'y', 0);
  const { optimizer = new Adam() } = options;
  const used = typeof optimizer === 'function' ? optimizer() : optimizer;
  const plain = {
    loss: outputs.map((output) => output.plain),
    metrics: outputs.map(({ metric }) => [metricOf(metric)]),
    ...(lossWeights && { lossWeights }),
    replay: true,
  };
  const own = options.student.isCompiled
    ? { ...choicesOf(options.student.objectives), replay: options.student.replay }
    : plain;
  const after = { optimizer: student.isCompiled ? student.optimizer : used, ...own };
  const network = features.length === 0 ? null : new TrainingNetwork(student);
  const heads = features.map((each) => each.addTo(network!));
  const trained = network?.toModel() ?? student;
  trained.compile({
    optimizer: used,
    loss: [
      ...outputs.map((output, i) => output.loss(parts[i]!, lesson)),
      ...features.map((each, i) => each.loss(trained, packed.kept[i]!)),
    ],
    lossWeights: [...(lossWeights ?? outputs.map(() => 1)), ...features.map(({ weight }) => weight)],
    metrics: [...outputs.map((output, i) => output.metrics(parts[i]!, hasLabels)), ...features.map(() => [])],
    replay: own.replay,
  });
  const inputsFor = ({ inputs, kept }: Packed): Tensors =>
    oneOrAll([...inputs, ...kept.filter((_, i) => heads[i]!.readsTeacher)]);
  const { epochs, batchSize, callbacks, shuffle, verbose } = options;
  const validation = (): Partial<FitOptions> => {
    if (held === undefined) return {};
    const own = pack(inputsOf(held.x, 'x of validationData'), heldY, 'y of validationData', samples);
    return { validationData: [inputsFor(own), oneOrAll(own.targets)] };
  };
  const isRenamed = features.length > 0 && outputCount === 1;
  const rename = isRenamed ? aliased(trained.outputNames[0]!) : null;
  const history = trained.fit(inputsFor(packed), oneOrAll(packed.targets), {
    ...defined({ epochs, batchSize, shuffle, verbose }),
    ...(callbacks && { callbacks: asOfStudent(callbacks, rename) }),
    ...validation(),
  });
  network?.takeBack(used);
  student.compile(after);
  return { model: student, history: rename === null ? history : { ...history, history: rename(history.history) } };
}

/** Samples with the targets of a training, and what is kept of the teacher's values. */
interface Packed {
  readonly inputs: readonly Tensor[];
  readonly kept: readonly Tensor[];
  readonly targets: readonly Tensor[];
}

const oneName = (called: string, i: number, count: number): string => (count === 1 ? called : `${called}[${i}]`);

function membersOf(teacher: DistillOptions['teacher']): readonly Member[] {
  const list = Array.isArray(teacher) ? (teacher as readonly Teacher[]) : [teacher as Teacher];
  if (list.length === 0) throw new ValueError('distill', 'teacher', 'a model, a network, or a list of them', list);
  const members = list.map((each) => new Member('distill', each));
  const apart = members.map((member) => member.averaged());
  if (members.length === 1) return apart[0] ?? members;
  if (apart.every((each) => each === null)) return members;
  const remedy = 'give all of these in one list, or it alone';
  throw new StateError('distill', `a teacher of the list is itself the mean of several networks: ${remedy}`);
}

/** Held-out samples. Throws ValueError where they have no y and the training has. */
function heldOut(given: readonly [x: Data, y?: Data], hasLabels: boolean): { readonly x: Data; readonly y?: Data } {
  if (!Array.isArray(given) || given.length < 1 || given.length > 2)
    throw new ValueError('distill', 'validationData', hasLabels ? 'a list of x and y' : 'a list of x, and y', given);
  const [x, y] = given;
  if (y === undefined && hasLabels) throw new ValueError('distill', 'y of validationData', 'given, as y is', y);
  return y === undefined ? { x } : { x, y };
}
