import { add, mul } from '../autograd/arithmetic.ts';
import { gather, split } from '../autograd/movement.ts';
import { dense } from '../autograd/products.ts';
import { mean } from '../autograd/reductions.ts';
import { checkCount, checkRange, ShapeError, StateError, ValueError } from '../base/errors.ts';
import { checkFunction } from '../base/options.ts';
import { type Shape, sameShape } from '../base/shape.ts';
import type { ActivationSpec } from '../graph/activation.ts';
import type { FloatDType } from '../memory/dtype.ts';
import { eachTime } from '../memory/recorder.ts';
import type { LossFunction } from '../nn/losses.ts';
import { Random } from '../tensor/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { contrast, drawnPlaces } from './contrastive.ts';
import { checkTemperature } from './divergence.ts';
import { commonPlaces, hintLoss, mapAt, mapDistance } from './losses.ts';
import { relationalAngleLoss, relationalDistanceLoss, similarityLoss } from './relations.ts';

// Terms on features: what a student learns besides its teacher's answers. A kind of term is
//   1. its options, a field of `TermOptions` by its name, and
//   2. a row of `TERMS`: names of its options, what is kept of the teacher's values, the head, the loss.
// Nothing else knows the kinds. `distill` taps the values on both sides, computes what is kept of the teacher's on all
// samples once, adds the head to a copy of the student's network, trains that by `fit`, and keeps the student alone.

/** The options of each kind of term. */
export interface TermOptions {
  /** Half the mean squared error to the teacher's features through a learned projection (Romero et al. 2015, FitNets, eq. 3). */
  readonly hint: {
    /** Default true where the numbers of features differ. */
    readonly projection?: boolean;
  };
  /** Half the squared distance of attention maps (Zagoruyko & Komodakis 2017): where in an image both are active. */
  readonly attention: object;
  /** Distances and angles between the samples of a batch (Park et al. 2019), of features of any two shapes. */
  readonly relational: {
    /** Weight of the distances of pairs. Default 1. */
    readonly distance?: number;
    /** Weight of the angles of triples; memory grows with the cube of the batch unless it is 0. Default 2, as in the paper. */
    readonly angle?: number;
  };
  /** Products of the samples of a batch with each other (Tung & Mori 2019), of features of any two shapes. */
  readonly similarity: object;
  /**
   * The student's features of a sample are to be told from others by the teacher's (Tian et al. 2020, with the loss of van den
   * Oord et al. 2018), after learned projections of both to one width; images are averaged over their places before. Negatives
   * are the others of the batch, and samples drawn from all. Of these what is kept are the teacher's features, which never
   * change, and each step projects those that it draws: no embedding is of an earlier step, as in the memory of the paper.
   */
  readonly contrastive: {
    /** Numbers of an embedding. Default 128. */
    readonly width?: number;
    /** Divides the cosines. Default 0.1. */
    readonly temperature?: number;
    /** Samples that are drawn each step, by the student's seed. Default 256; 0 for those of the batch alone. */
    readonly negatives?: number;
  };
  /** A loss of your own between the teacher's features and the student's. */
  readonly own: {
    /** From the teacher's features and the student's, or their projection: a loss a sample, [batch], or their mean. */
    readonly loss: LossFunction;
    /** Default false: a learned projection to as many features as the teacher has. */
    readonly projection?: boolean;
    /** Whether a recorded step may be repeated without calling the loss again: operations on tensors alone. Default false. */
    readonly replayable?: boolean;
  };
}

export type TermKind = keyof TermOptions;

/** What a term of any kind says. */
export interface Tapped {
  /** The student's value: a name of a layer, or of a node of its network. */
  readonly student: string;
  /** The teacher's; default the student's name. */
  readonly teacher?: string;
  /** Of an ensemble, the number of the teacher. Default 0. */
  readonly member?: number;
  /** What the loss of the term counts in the sum. Default 1. */
  readonly weight?: number;
}

export type Term = { readonly [K in TermKind]: { readonly kind: K } & Tapped & TermOptions[K] }[TermKind];

/** What a row is asked with. Shapes are of one sample. */
export interface TermContext<O> {
  /** The term as it was given, checked by `checkOptions`. */
  readonly options: O & Tapped;
  readonly student: Shape;
  /** Of the teacher's value itself. */
  readonly teacher: Shape;
  /** Of what is kept of it. */
  readonly kept: Shape;
  /** Logits of the first output, of all its places. */
  readonly width: number;
  /** Samples of the training, those without labels too. */
  readonly samples: number;
  readonly seed: number;
  readonly dtype: FloatDType;
  /** As errors call the term: `terms[0] (hint)`. */
  readonly called: string;
}

/** Adds nodes to the student's network. Values are named; their weights are drawn by the student's seed, and trained. */
export interface HeadBuilder {
  /** The student's value that is tapped. */
  readonly student: string;
  /** What is kept of the teacher's, as an input of the network: for projections on the teacher's side. */
  teacher(): string;
  /** The logits of the student's first output (outputs, for regression). */
  logits(): string;
  /** A product with a learned matrix along the last axis (of an image: a 1x1 convolution), with a bias. Default activation: none. */
  dense(value: string, units: number, activation?: ActivationSpec): string;
  /** An image or a sequence averaged down to so many places along each axis, or somewhat more; anything else as it is. */
  narrow(value: string, places: number): string;
  flatten(value: string): string;
  /** The mean of the places of an image or a sequence: [..., channels] to [channels]. */
  pool(value: string): string;
  /** Side by side along the last axis. */
  concat(values: readonly string[]): string;
  shapeOf(value: string): Shape;
}

/** What a loss sees besides the head's output, of the samples of a batch. What the row does not need is not there. */
export interface TermTargets {
  /** What is kept of the teacher's values, [batch, ...kept]. */
  readonly kept: Tensor;
  /** The teacher's logits of the first output, [batch, width] (an ensemble's mean; outputs, for regression). */
  readonly answers?: Tensor;
  /** Targets of the first output, [batch, width]: one-hot rows, 0 and 1, or numbers; rows of 0 without labels. */
  readonly labels?: Tensor;
  /** 1 for samples with labels, 0 for those without, [batch]. */
  readonly isLabelled?: Tensor;
  /** The number of each sample, [batch], int32: those of x, of `unlabelled`, and then those held out, from `samples` on. */
  readonly numbers?: Tensor;
}

export type TermNeed = Exclude<keyof TermTargets, 'kept'>;

/** What a loss may hold on to during a training. */
interface TermTraining {
  /** What is kept of the teacher's values of all samples of the training, [samples, ...kept]. */
  readonly kept: Tensor;
  /** Training steps made. What is drawn goes by them: samples that are held out then change nothing. */
  readonly steps: () => number;
  /** Kernel and bias of each `dense` that the head asked for, in order, as the training moves them. */
  readonly projections: readonly (readonly [kernel: Tensor, bias: Tensor])[];
}

/** One kind of term. */
export interface TermRow<O> {
  /** Names of its own options, with blanks between them, as `checkOptions` takes them. */
  readonly options: string;
  /** Throws for options and shapes that do not fit, with the remedy. */
  check?(context: Omit<TermContext<O>, 'kept'>): void;
  /**
   * What is kept of the teacher's values [n, ...teacher], computed once without gradients: fewer numbers take less memory.
   * Default: all of them.
   */
  keep?(values: Tensor, context: Omit<TermContext<O>, 'kept'>): Tensor;
  /** The value that the loss is given. Default: the student's value itself. */
  head?(at: HeadBuilder, context: TermContext<O>): string;
  /** What the loss needs to see. Default nothing but `kept`. */
  readonly needs?: readonly TermNeed[];
  /**
   * From the head's output [batch, ...] to a loss a sample, [batch], or a scalar. Called once before a training; what it
   * returns is called each step, or recorded once and repeated if `replayable`.
   */
  loss(context: TermContext<O>, training: TermTraining): (targets: TermTargets, output: Tensor) => Tensor;
  /** Whether the loss consists of operations on tensors alone, the same ones each time. Default true. */
  replayable?(options: O): boolean;
}

/** Throws ShapeError where a term without a projection compares values of two shapes. */
function checkComparable({ student, teacher, called }: Omit<TermContext<unknown>, 'kept'>, isProjected: boolean): void {
  const places = [student, teacher].map((shape) => shape.slice(0, -1));
  if (!sameShape(places[0]!, places[1]!))
    throw new ShapeError(
      'distill',
      [student, teacher],
      `${called} compares values of other places`,
      'Tap layers where they are of one size',
    );
  if (!isProjected && !sameShape(student, teacher))
    throw new ShapeError(
      'distill',
      [student, teacher],
      `${called} compares values of two shapes`,
      'Give it projection: true',
    );
}

const isProjected = ({
  options: { projection },
  student,
  teacher,
}: Pick<TermContext<TermOptions['hint']>, 'options' | 'student' | 'teacher'>): boolean =>
  projection ?? student.at(-1) !== teacher.at(-1);

const placesOf = ({ teacher, student }: Pick<TermContext<unknown>, 'teacher' | 'student'>): readonly number[] =>
  commonPlaces('distill', teacher.slice(0, -1), student.slice(0, -1));

/** One row a kind of term. */
export const TERMS: { readonly [K in TermKind]: TermRow<TermOptions[K]> } = {
  hint: {
    options: 'projection',
    check: (context) => checkComparable(context, isProjected(context)),
    head: (at, context) => (isProjected(context) ? at.dense(at.student, context.kept.at(-1)!) : at.student),
    loss: () => (targets, output) => hintLoss(targets.kept, output),
  },
  attention: {
    options: '',
    check: ({ teacher, student, called }) => {
      if (Math.min(teacher.length, student.length) < 2)
        throw new StateError('distill', `${called} compares values without places: tap layers of images or sequences`);
      placesOf({ teacher, student });
    },
    keep: (values, context) => mapAt(values, placesOf(context)),
    loss: (context) => (targets, output) => mapDistance(targets.kept, mapAt(output, placesOf(context))),
  },
  relational: {
    options: 'distance angle',
    check: ({ options: { distance = 1, angle = 2 }, called }) => {
      checkRange('distill', `distance of ${called}`, distance, 'at least 0');
      checkRange('distill', `angle of ${called}`, angle, 'at least 0');
      if (distance + angle === 0) throw new ValueError('distill', `angle of ${called}`, 'above 0, as distance is 0', 0);
    },
    loss:
      ({ options: { distance = 1, angle = 2 } }) =>
      ({ kept }, output) => {
        const pairs = mul(relationalDistanceLoss(kept, output), distance);
        return angle === 0 ? pairs : add(pairs, mul(relationalAngleLoss(kept, output), angle));
      },
  },
  similarity: {
    options: '',
    loss: () => (targets, output) => similarityLoss(targets.kept, output),
  },
  contrastive: {
    options: 'width temperature negatives',
    check: ({ options: { width = 128, temperature = 0.1, negatives = 256 }, called }) => {
      checkCount('distill', `width of ${called}`, width);
      checkTemperature('distill', temperature, `temperature of ${called}`);
      checkCount('distill', `negatives of ${called}`, negatives, 0);
    },
    keep: (values) => (values.rank < 3 ? values : mean(values, { axis: [...values.shape.keys()].slice(1, -1) })),
    head: (at, { options: { width = 128 } }) =>
      at.concat([at.dense(at.pool(at.student), width), at.dense(at.teacher(), width)]),
    needs: ['numbers'],
    loss: (
      { options: { temperature = 0.1, negatives = 256 }, seed, called, samples },
      { kept, steps, projections },
    ) => {
      const random = new Random(seed, called);
      const [kernel, bias] = projections[1]!; // the teacher's
      return ({ numbers }, output) => {
        const [student, teacher] = split(output, 2, 1) as [Tensor, Tensor];
        const marks = numbers!;
        if (negatives === 0) return contrast('distill', teacher, student, { temperature, marks });
        eachTime(() => {
          random.step = steps();
        });
        const places = drawnPlaces(negatives, random, () => samples);
        const embeddings = dense(gather(kept, places), kernel, bias);
        return contrast('distill', teacher, student, { temperature, marks, negatives: { embeddings, marks: places } });
      };
    },
  },
  own: {
    options: 'loss projection replayable',
    check: (context) => {
      const { loss, projection = false } = context.options;
      checkFunction('distill', `loss of ${context.called}`, loss, "of the teacher's and the student's features");
      if (projection) checkComparable(context, true);
    },
    head: (at, { options: { projection = false }, kept }) =>
      projection ? at.dense(at.student, kept.at(-1)!) : at.student,
    loss:
      ({ options: { loss } }) =>
      (targets, output) =>
        loss(targets.kept, output),
    replayable: ({ replayable = false }) => replayable,
  },
};
