import { mul, sub } from '../autograd/arithmetic.ts';
import { square } from '../autograd/elementwise.ts';
import { reshape } from '../autograd/movement.ts';
import { mean } from '../autograd/reductions.ts';
import { ShapeError } from '../base/errors.ts';
import { checkFunction } from '../base/options.ts';
import { elementsOf, type Shape, sameShape } from '../base/shape.ts';
import type { FloatDType } from '../memory/dtype.ts';
import type { LossFunction } from '../nn/losses.ts';
import type { Tensor } from '../tensor/tensor.ts';

// Terms on features: what a student learns besides its teacher's answers. A kind of term is
//   1. its options, a field of `TermOptions` by its name, and
//   2. a row of `TERMS`: names of its options, what is kept of the teacher's values, the head, the loss.
// Nothing else knows the kinds. `distill` taps the values on both sides, computes what is kept of the teacher's on all
// samples once, adds the head to a copy of the student's network, trains that by `fit`, and keeps the student alone.

/** The options of each kind of term. */
export interface TermOptions {
  /** Mean squared error to the teacher's features through a learned projection (Romero et al. 2015, FitNets, eq. 3). */
  readonly hint: {
    /** Default true where the numbers of features differ. */
    readonly projection?: boolean;
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
  /** A product with a learned matrix along the last axis (of an image: a 1x1 convolution), with a bias. */
  dense(value: string, units: number): string;
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
  loss(context: TermContext<O>): (targets: TermTargets, output: Tensor) => Tensor;
  /** Whether the loss consists of operations on tensors alone, the same ones each time. Default true. */
  replayable?(options: O): boolean;
}

/** (a - b)², the mean of each sample: [batch]. */
function squaredError(a: Tensor, b: Tensor): Tensor {
  const n = b.shape[0]!;
  const width = elementsOf(b.shape.slice(1));
  const error = sub(a, b);
  return mean(square(reshape(error, [n, width])), { axis: 1 });
}

/** Throws ShapeError where a term without a projection compares values of two shapes. */
function checkAlike({ student, teacher, called }: Omit<TermContext<unknown>, 'kept'>, isProjected: boolean): void {
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

/** One row a kind of term. */
export const TERMS: { readonly [K in TermKind]: TermRow<TermOptions[K]> } = {
  hint: {
    options: 'projection',
    check: (context) => checkAlike(context, isProjected(context)),
    head: (at, context) => (isProjected(context) ? at.dense(at.student, context.kept.at(-1)!) : at.student),
    loss: () => (targets, output) => mul(squaredError(output, targets.kept), 1 / 2), // as in the paper, ½‖·‖²
  },
  own: {
    options: 'loss projection replayable',
    check: (context) => {
      const { loss, projection = false } = context.options;
      checkFunction('distill', `loss of ${context.called}`, loss, "of the teacher's and the student's features");
      if (projection) checkAlike(context, true);
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
